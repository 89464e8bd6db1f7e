"""Measures of logits: a formula a file, on the driver of rows.

A row is read three times: a survey (the largest logits and normalisers), the measure's sums, the gradient. Memory
cannot give it less than once: of N logits in each of two inputs 3 N elements move with one gradient, 4 N with both,
and that is the floor. What a pass after the first reads comes from nearer by (`launching.plan_of`):

    rows of                           a block keeps     read again
    24,000 float32, 49,000 16 bits    both in shared    nothing
    47,000 float32                    the first         the second, from the cache: 132 rows of it are in flight
    longer, or fewer than 264 rows    nothing           both, from the cache: groups of rows of 32 MB go through all
                                                        passes, a launch each

Not timed yet. An H200 should copy 4.3 TB/s and issue 29.6e12 operations of a lane a second: within the floor of float32
(2.8 ps a pair of logits, one gradient) 82 operations are free, within that of 16 bits 41. The passes issue so many
instructions a pair (sm_90, both rows in shared memory; counted in the loops' machine code on the way of whole vectors,
without what a row or a chunk of 16,384 takes once; survey, sums, gradient)

               float32 by y        both              bfloat16 by y        both
    KL         22 + 70 + 37        22 + 70 + 55      24 + 72 + 40         24 + 72 + 59
    JS         22 + 142 + 69       22 + 142 + 78     24 + 144 + 70        24 + 144 + 81

so that arithmetic bounds them. What is float64 is done once a row, by one warp. Values take polynomials, whose errors
are below a unit; gradients and the survey the hardware's exponentials, which may be off by 1.4: `slopes`.
"""
