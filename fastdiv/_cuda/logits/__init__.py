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
(2.8 ps a pair of logits, one gradient) 82 operations are free, within that of 16 bits 41. The passes have (sm_90,
float32, a pair, both gradients in the last; counted in the machine code, the last of each estimated) about

    KL   36 + 73 + 90       JS   36 + 140 + 130

so that arithmetic bounds them. What is float64 is done once a row, by one warp.
"""
