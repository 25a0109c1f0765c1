"""What the catalogue leaves out, and why; and what differs for a reason that is not Theano's."""

_BASE = "a base class: what is made of it is in the catalogue"
_NETWORK = "sends arrays from process to process, through MPI"

NOT_IN_CATALOGUE = {
    **dict.fromkeys(
        """gof.op.Op gof.op.COp gof.op.OpenMPOp scalar.basic.ScalarOp scalar.basic.UnaryScalarOp scalar.basic.BinaryScalarOp
        scalar.basic.LogicalComparison scalar.basic.FixedLogicalComparison scalar.basic.UnaryBitOp scalar.basic.BinaryBitOp
        sandbox.rng_mrg.mrg_uniform_base sparse.basic.__ComparisonOpSD sparse.basic.__ComparisonOpSS tensor.blas.GemmRelated
        tensor.elemwise.CAReduceDtype tensor.nnet.abstract_conv.AbstractConv tensor.nnet.abstract_conv.AbstractConv_gradInputs
        tensor.nnet.abstract_conv.AbstractConv_gradWeights tensor.nnet.abstract_conv.BaseAbstractConv
        tensor.nnet.corr.BaseCorrMM tensor.nnet.corr3d.BaseCorr3dMM tensor.signal.pool.PoolGrad
        tensor.subtensor.BaseAdvancedIncSubtensor tensor.subtensor.BaseAdvancedSubtensor""".split(),
        _BASE,
    ),
    "gof.type._make_cdata": "makes a pointer for operations in C++; no CPU operation of Theano's uses it",
    "compile.ops.OutputGuard": "Theano puts it in by itself, in place; it hands its input on",
    "sandbox.fourier.GradTodo": "stands for a gradient that is not there: it raises",
    "scalar.basic_sympy.SymPyCCode": "needs SymPy, which the environment does not have",
    "sparse.sandbox.sp.ConvolutionIndices": "raises on 3.11 too: SciPy takes no floating-point number as an index",
    "tensor.extra_ops.CumsumOp": "a name of old; it makes a CumOp",
    "tensor.extra_ops.CumprodOp": "a name of old; it makes a CumOp",
    "tensor.io.LoadFromDisk": "reads a file of NumPy's",
    **dict.fromkeys(
        "tensor.io.MPIRecv tensor.io.MPIRecvWait tensor.io.MPISend tensor.io.MPISendWait".split(), _NETWORK
    ),
    "tensor.nnet.ctc.ConnectionistTemporalClassification": "needs the library warp-ctc",
}

_GAMMA = "SciPy's gamma is inf at its poles, and since 1.12 nan"
_BESSEL = (
    "SciPy has new code for Bessel functions since 1.15: other last digits, and another value where the old one was nan"
)
_ANGLE = "NumPy has new code for the arctan2 of float32: another last digit, which is far from the last of a float64"

# The cases whose numbers are others on newer Pythons, for reasons of NumPy's and SciPy's own. Their types are compared.
OTHER_NUMBERS = {
    **{
        (group, f"gamma {kind}"): _GAMMA
        for group in ("elementwise", "scalars")
        for kind in ("int8", "int16", "int32", "int64", "float16", "float32", "float64")
    },
    **{("elementwise", f"jv {kinds}"): _BESSEL for kinds in ("float64 float64", "int64 complex64")},
    ("elementwise", "iv float64 complex64"): _BESSEL,
    **{(group, "angle complex64"): _ANGLE for group in ("elementwise", "scalars")},
}
