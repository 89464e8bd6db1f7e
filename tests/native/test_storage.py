"""float16 and bfloat16 become floats and come back as IEEE 754 says, on every instruction set."""


def test_conversions(native_checks, run):
    print(run(native_checks("storage_bits")))
