// BLAS under its usual names, from the OpenBLAS inside SciPy's wheel, which has since SciPy 1.12 put scipy_ before each of them.
// Only what Theano calls. scripts/installation/configuration.sh compiles it where the system has no OpenBLAS.

#include "../../deeplearning_tutorial/engine/blas.h"

#define FORWARD(type, name, parameters, arguments)     \
    extern "C" type scipy_##name parameters;           \
    extern "C" type name parameters { return scipy_##name arguments; }

FOR_BLAS(FORWARD)
FOR_GEMM(FORWARD, s, float)
