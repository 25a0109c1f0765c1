"""What Theano's graph holds of images in blocks of eight, see blocks.h, which computes it.

A variable of such images is a float32 tensor of (n_blocks, n_channels, height, width, 8). All of these operations keep the numbers
of images that are not there, in the last block, at zero.
"""

import hashlib
from pathlib import Path

import theano.tensor as T
from theano.gof import Apply, Op, ParamsType
from theano.gof.utils import MethodNotDefined
from theano.scalar import get_scalar_type, int64

from deeplearning_tutorial.engine import onednn

LANES = 8
BLOCKS = T.TensorType("float32", (False,) * 5)
HEADER = Path(__file__).with_name("blocks.h")
_CHECKSUM = hashlib.sha256(HEADER.read_bytes()).hexdigest()

_SUPPORT = r"""
namespace {

void free_room(PyObject* capsule) { std::free(PyCapsule_GetPointer(capsule, NULL)); }

// Makes *array one of this shape, on whole cache lines, or leaves it if it is. The same for blocks and all else of float32.
bool shaped(PyArrayObject** array, int n, const npy_intp* shape)
{
    if (*array && PyArray_NDIM(*array) == n && PyArray_IS_C_CONTIGUOUS(*array) && PyArray_CompareLists(PyArray_DIMS(*array), shape, n))
        return true;
    Py_XDECREF(*array);
    *array = NULL;
    size_t size = sizeof(npy_float32);
    for (int i = 0; i < n; ++i) size *= shape[i];
    void* const room = std::aligned_alloc(64, (size + 63) / 64 * 64 + (size == 0) * 64);
    PyObject* const owner = room ? PyCapsule_New(room, NULL, free_room) : NULL;
    if (owner) *array = (PyArrayObject*) PyArray_SimpleNewFromData(n, shape, NPY_FLOAT32, room);
    if (!*array) {
        if (owner) Py_DECREF(owner); else { std::free(room); PyErr_NoMemory(); }
        return false;
    }
    return PyArray_SetBaseObject(*array, owner) == 0;
}

inline npy_float32* numbers(PyArrayObject* array) { return (npy_float32*) PyArray_DATA(array); }

// Sizes are checked here, as a wrong one would read what is not the array's.
template <class... Arguments> bool require(bool condition, const char* format, const Arguments&... arguments)
{
    if (!condition) PyErr_Format(PyExc_ValueError, format, arguments...);
    return condition;
}

}
"""


class _BlocksOp(Op):
    """What they have in common: blocks.h, and the threads of the library that onednn.py loads."""

    def c_support_code(self):
        threads = "#define SHARED_THREADS\n" if self._has_threads() else ""
        return f"{threads}#include <cstdlib>\n#include <{HEADER.name}>\n{_SUPPORT}"

    def c_header_dirs(self):
        return [str(HEADER.parent)]

    def c_libraries(self):
        return [onednn.FLAG.removeprefix("-l")] if self._has_threads() else []

    @staticmethod
    def _has_threads():
        return hasattr(onednn.loaded(), "threads_share")

    def c_code_cache_version(self):
        return (1, _CHECKSUM)

    def c_code(self, node, name, inputs, outputs, sub):
        names = {f"x{i}": variable for i, variable in enumerate(inputs)}
        code = self.code % {**names, "z": outputs[0], "fail": sub["fail"], "params": sub.get("params")}
        return f"{{{code}}}"


class ToBlocks(_BlocksOp):
    """Images (n, n_channels, height, width) as blocks."""

    __props__ = ()

    def make_node(self, images):
        return Apply(self, [images], [BLOCKS()])

    def infer_shape(self, node, shapes):
        n, *others = shapes[0]
        return [((n + LANES - 1) // LANES, *others, LANES)]

    code = r"""
    PyArrayObject* images = PyArray_GETCONTIGUOUS(%(x0)s);
    if (!images) { %(fail)s }
    const npy_intp* size = PyArray_DIMS(images);
    const npy_intp shape[] = {(size[0] + blocks::LANES - 1) / blocks::LANES, size[1], size[2], size[3], blocks::LANES};
    if (!shaped(&%(z)s, 5, shape)) { Py_DECREF(images); %(fail)s }
    blocks::to_blocks(size[0], size[1] * size[2] * size[3], numbers(images), numbers(%(z)s));
    Py_DECREF(images);
    """


class FromBlocks(_BlocksOp):
    """Blocks as the n images that they hold, (n, n_channels, height, width)."""

    __props__ = ("broadcastable",)

    def __init__(self, broadcastable=(False,) * 4):
        self.broadcastable = tuple(broadcastable)

    def make_node(self, blocks, n):
        return Apply(self, [blocks, n], [T.TensorType("float32", self.broadcastable)()])

    def infer_shape(self, node, shapes):
        return [(node.inputs[1], *shapes[0][1:4])]

    code = r"""
    const npy_intp n = *(npy_int64*) PyArray_DATA(%(x1)s);
    const npy_intp* size = PyArray_DIMS(%(x0)s);
    const npy_intp shape[] = {n, size[1], size[2], size[3]};
    if (!require((n + blocks::LANES - 1) / blocks::LANES == size[0], "%%zd images do not fill %%zd blocks of eight.", n, size[0])) { %(fail)s }
    if (!shaped(&%(z)s, 4, shape)) { %(fail)s }
    blocks::from_blocks(n, size[1] * size[2] * size[3], numbers(%(x0)s), numbers(%(z)s));
    """


_SIZES = r"""
    blocks::Convolution c;
    c.n_blocks = PyArray_DIM(%(x0)s, 0);
    c.channels = PyArray_DIM(%(x0)s, 1), c.height = PyArray_DIM(%(x0)s, 2), c.width = PyArray_DIM(%(x0)s, 3);
"""
# -1 is half of the filter, -2 the whole but for one pixel, as in Theano's CorrMM.
_PADDING = r"""
    const auto padding = [](npy_int64 pad, int size) { return pad == -1 ? size / 2 : pad == -2 ? size - 1 : int(pad); };
    c.pad_y = padding(%(params)s->pad_y, c.rows), c.pad_x = padding(%(params)s->pad_x, c.columns);
"""
_PADDINGS = {"valid": (0, 0), "half": (-1, -1), "full": (-2, -2)}


class _Padded(_BlocksOp):
    params_type = ParamsType(pad_y=int64, pad_x=int64)

    @property
    def pad_y(self):
        return self._padding[0]

    @property
    def pad_x(self):
        return self._padding[1]

    @property
    def _padding(self):
        return _PADDINGS[self.border_mode] if isinstance(self.border_mode, str) else self.border_mode


class Correlation(_Padded):
    """Filters (n_filters, n_channels, height, width) laid upon images, not flipped.

    Parameters
    ----------
    border_mode : "valid", "half", "full" or (int, int)
        As in ``T.nnet.conv2d``.
    is_gradient : bool
        The images are the gradient of what that mode gives, and the result is that of its input.
    """

    __props__ = ("border_mode", "is_gradient")
    params_type = ParamsType(pad_y=int64, pad_x=int64, is_gradient=int64)

    def __init__(self, border_mode, is_gradient=False):
        self.border_mode, self.is_gradient = border_mode, is_gradient

    def make_node(self, images, filters):
        return Apply(self, [images, filters], [BLOCKS()])

    def infer_shape(self, node, shapes):
        (n_blocks, _, *image, _), (n_filters, _, *size) = shapes
        pads = []
        for pad, length in zip(self._padding, size):
            pad = length // 2 if pad == -1 else length - 1 if pad == -2 else pad
            pads.append(length - 1 - pad if self.is_gradient else pad)
        height, width = (length + 2 * pad - k + 1 for length, pad, k in zip(image, pads, size))
        return [(n_blocks, n_filters, height, width, LANES)]

    code = (
        _SIZES
        + r"""
    c.filters = PyArray_DIM(%(x1)s, 0), c.rows = PyArray_DIM(%(x1)s, 2), c.columns = PyArray_DIM(%(x1)s, 3);
    """
        + _PADDING
        + r"""
    if (%(params)s->is_gradient) c.pad_y = c.rows - 1 - c.pad_y, c.pad_x = c.columns - 1 - c.pad_x;
    if (!require(PyArray_DIM(%(x1)s, 1) == c.channels, "the images have %%d channels, and the filters %%zd.", c.channels, PyArray_DIM(%(x1)s, 1)) ||
        !require(c.output_height() > 0 && c.output_width() > 0, "a filter of %%d x %%d pixels does not fit into an image of %%d x %%d.",
                 c.rows, c.columns, c.height + 2 * c.pad_y, c.width + 2 * c.pad_x)) { %(fail)s }
    const npy_intp shape[] = {PyArray_DIM(%(x0)s, 0), c.filters, c.output_height(), c.output_width(), blocks::LANES};
    int64_t strides[4];
    for (int i = 0; i < 4; ++i) strides[i] = PyArray_STRIDE(%(x1)s, i) / npy_intp(sizeof(npy_float32));
    if (!shaped(&%(z)s, 5, shape)) { %(fail)s }
    blocks::convolve(c, numbers(%(x0)s), numbers(%(x1)s), strides, numbers(%(z)s));
    """
    )


class CorrelationGradient(_Padded):
    """The gradient of the filters of a `Correlation`, of so many rows and columns; or turned by 180 degrees, that of a convolution."""

    __props__ = ("border_mode", "is_turned", "broadcastable")
    params_type = ParamsType(pad_y=int64, pad_x=int64, is_turned=int64)

    def __init__(self, border_mode, is_turned, broadcastable):
        self.border_mode, self.is_turned, self.broadcastable = border_mode, is_turned, tuple(broadcastable)

    def make_node(self, images, gradient, size):
        result = T.TensorType("float32", self.broadcastable)()
        return Apply(self, [images, gradient, T.cast(size, "int64")], [result])

    def infer_shape(self, node, shapes):
        return [(shapes[1][1], shapes[0][1], node.inputs[2][0], node.inputs[2][1])]

    code = (
        _SIZES
        + r"""
    if (!require(PyArray_DIM(%(x2)s, 0) == 2, "a filter has two sizes, not %%zd.", PyArray_DIM(%(x2)s, 0))) { %(fail)s }
    c.filters = PyArray_DIM(%(x1)s, 1);
    c.rows = *(npy_int64*) PyArray_GETPTR1(%(x2)s, 0), c.columns = *(npy_int64*) PyArray_GETPTR1(%(x2)s, 1);
    """
        + _PADDING
        + r"""
    if (!require(c.rows > 0 && c.columns > 0 && PyArray_DIM(%(x1)s, 0) == c.n_blocks && PyArray_DIM(%(x1)s, 2) == c.output_height()
                 && PyArray_DIM(%(x1)s, 3) == c.output_width(),
                 "filters of %%d x %%d pixels do not make %%zd x %%zd pixels of %%d x %%d.", c.rows, c.columns, PyArray_DIM(%(x1)s, 2),
                 PyArray_DIM(%(x1)s, 3), c.height, c.width)) { %(fail)s }
    const npy_intp shape[] = {c.filters, c.channels, c.rows, c.columns};
    if (!shaped(&%(z)s, 4, shape)) { %(fail)s }
    blocks::gradient_of_filters(c, numbers(%(x0)s), numbers(%(x1)s), %(params)s->is_turned, numbers(%(z)s));
    """
    )


class _Pooling(_BlocksOp):
    __props__ = ("rows", "columns", "ignore_border")
    params_type = ParamsType(rows=int64, columns=int64, ignore_border=int64)

    def __init__(self, rows, columns, ignore_border):
        self.rows, self.columns, self.ignore_border = int(rows), int(columns), bool(ignore_border)

    sizes = r"""
    blocks::Pooling p;
    p.planes = PyArray_DIM(%(x0)s, 0) * PyArray_DIM(%(x0)s, 1);
    p.height = PyArray_DIM(%(x0)s, 2), p.width = PyArray_DIM(%(x0)s, 3);
    p.rows = %(params)s->rows, p.columns = %(params)s->columns;
    const int some_more = %(params)s->ignore_border ? 0 : 1;
    p.output_height = (p.height + some_more * (p.rows - 1)) / p.rows;
    p.output_width = (p.width + some_more * (p.columns - 1)) / p.columns;
    npy_intp shape[] = {PyArray_DIM(%(x0)s, 0), PyArray_DIM(%(x0)s, 1), p.output_height, p.output_width, blocks::LANES};
    """


class MaxPool(_Pooling):
    """The largest number of each window of so many rows and columns; windows lie side by side."""

    def make_node(self, images):
        return Apply(self, [images], [BLOCKS()])

    def infer_shape(self, node, shapes):
        n_blocks, channels, height, width, _ = shapes[0]
        more = 0 if self.ignore_border else 1
        height = (height + more * (self.rows - 1)) // self.rows
        width = (width + more * (self.columns - 1)) // self.columns
        return [(n_blocks, channels, height, width, LANES)]

    code = (
        _Pooling.sizes
        + r"""
    if (!shaped(&%(z)s, 5, shape)) { %(fail)s }
    blocks::max_pool(p, numbers(%(x0)s), numbers(%(z)s));
    """
    )


class MaxPoolGradient(_Pooling):
    """The gradient of `MaxPool`'s input: that of each window, at its largest number; at the first of several."""

    def make_node(self, images, gradient):
        return Apply(self, [images, gradient], [BLOCKS()])

    def infer_shape(self, node, shapes):
        return [shapes[0]]

    code = (
        _Pooling.sizes
        + r"""
    if (!require(PyArray_CompareLists(PyArray_DIMS(%(x1)s), shape, 5), "the gradient is of %%zd x %%zd windows, and there are %%d x %%d.",
                 PyArray_DIM(%(x1)s, 2), PyArray_DIM(%(x1)s, 3), p.output_height, p.output_width)) { %(fail)s }
    if (!shaped(&%(z)s, 5, PyArray_DIMS(%(x0)s))) { %(fail)s }
    blocks::max_pool_gradient(p, numbers(%(x0)s), numbers(%(x1)s), numbers(%(z)s));
    """
    )


class SumChannels(_BlocksOp):
    """The sum of each channel over all images and pixels, added up in float64."""

    __props__ = ()

    def make_node(self, images):
        return Apply(self, [images], [T.fvector()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][1],)]

    code = r"""
    const npy_intp* size = PyArray_DIMS(%(x0)s);
    if (!shaped(&%(z)s, 1, size + 1)) { %(fail)s }
    blocks::sum_channels(size[0], size[1], size[2] * size[3], numbers(%(x0)s), numbers(%(z)s));
    """


def _of(method, *arguments, default):
    """What a method of Theano's returns, or a default, as it says what it does not define by an error."""
    try:
        return method(*arguments)
    except MethodNotDefined:
        return default


class Elementwise(_BlocksOp):
    """A function of numbers for each pixel.

    Parameters
    ----------
    scalar_op : theano.scalar.ScalarOp
    kinds : str
        A letter for each input: "b" for blocks, "c" for one number a channel, (1, n_channels, 1, 1), and "n" for one number,
        (1, 1, 1, 1).
    """

    __props__ = ("scalar_op", "kinds")

    def __init__(self, scalar_op, kinds):
        self.scalar_op, self.kinds = scalar_op, kinds

    def make_node(self, n, *inputs):
        """`n` is the number of images."""
        return Apply(self, [n, *inputs], [BLOCKS()])

    def infer_shape(self, node, shapes):
        return [shapes[1 + self.kinds.index("b")]]

    def _scalar_node(self):
        return self.scalar_op.make_node(*[get_scalar_type("float32")() for _ in self.kinds])

    def c_headers(self):
        return _of(self.scalar_op.c_headers, default=[])

    def c_support_code(self):
        return super().c_support_code() + _of(self.scalar_op.c_support_code, default="")

    def c_support_code_apply(self, node, name):
        return _of(self.scalar_op.c_support_code_apply, self._scalar_node(), name + "_scalar_", default="")

    def c_code_cache_version_apply(self, node):
        version = self.scalar_op.c_code_cache_version_apply(self._scalar_node())
        return (*self.c_code_cache_version(), self.kinds, version) if version else ()

    def c_code(self, node, name, inputs, outputs, sub):
        n, *arrays = inputs
        blocks = [array for array, kind in zip(arrays, self.kinds) if kind == "b"]
        same, channel, pixels, numbers = [], [], [], []
        for i, (array, kind) in enumerate(zip(arrays, self.kinds)):
            if kind == "b":
                same.append(f"PyArray_CompareLists(PyArray_DIMS({array}), size, 5)")
                channel.append(f"const npy_float32* const p{i} = numbers({array}) + plane * length;")
                pixels.append(f"const npy_float32 v{i} = p{i}[i];")
            elif kind == "c":
                same.append(f"PyArray_DIM({array}, 1) == size[1]")
                channel.append(
                    f"const npy_float32 v{i} = *(npy_float32*) PyArray_GETPTR4({array}, 0, plane % size[1], 0, 0);"
                )
            else:
                numbers.append(f"const npy_float32 v{i} = *(npy_float32*) PyArray_DATA({array});")
        names = [f"v{i}" for i, _ in enumerate(arrays)]
        code = self.scalar_op.c_code(self._scalar_node(), name + "_scalar_", names, ["result"], {"fail": ""})
        line = "\n            ".join
        return f"""
        {{
            const npy_intp* size = PyArray_DIMS({blocks[0]});
            if (!require({" && ".join(same)}, "images, or their channels, are not as many or as large as others.")) {{ {sub["fail"]} }}
            if (!shaped(&{outputs[0]}, 5, size)) {{ {sub["fail"]} }}
            const npy_intp images = *(npy_int64*) PyArray_DATA({n}), length = size[2] * size[3] * blocks::LANES;
            const npy_intp in_the_last = images - (size[0] - 1) * blocks::LANES;
            npy_float32* const output = numbers({outputs[0]});
            {line(numbers)}
            blocks::share(size[0] * size[1], size[0] * size[1] * length, [&](int64_t first, int64_t last) {{
                for (int64_t plane = first; plane < last; ++plane) {{
                    npy_float32* const z = output + plane * length;
                    {line(channel)}
                    #pragma GCC ivdep
                    for (npy_intp i = 0; i < length; ++i) {{
                        npy_float32 result;
                        {line(pixels)}
                        {code}
                        z[i] = result;
                    }}
                    if (plane / size[1] == size[0] - 1)
                        for (npy_intp i = 0; i < length; i += blocks::LANES)
                            for (npy_intp lane = in_the_last; lane < blocks::LANES; ++lane) z[i + lane] = 0;
                }}
            }});
        }}
        """
