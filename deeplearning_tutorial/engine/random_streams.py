r"""Random numbers as fast as the network that uses them: the numbers of Theano's `MRG_RandomStreams`, computed in vectors.

>>> from theano.sandbox.rng_mrg import MRG_RandomStreams
>>> theano_rng = MRG_RandomStreams(1234)
>>> theano_rng.uniform((100, 784))                    # or binomial, normal, …: nothing is called differently

Dropout and the denoising autoencoder draw a number for each unit or pixel of each example. Theano's generator is
MRG31k3p (L'Ecuyer and Touzin 2000), which combines two recurrences,

.. math::
    x_n &= (2^{22} x_{n-2} + (2^7 + 1) x_{n-3}) \bmod (2^{31} - 1) \\
    y_n &= (2^{15} y_{n-1} + (2^{15} + 1) y_{n-3}) \bmod (2^{31} - 21069) \\
    u_n &= ((x_n - y_n) \bmod (2^{31} - 1)) \, / \, 2^{31}

and it runs thousands of independent streams: element i of the result comes from stream i modulo their number. On the CPU,
though, Theano 1.0.5 goes from one element to the next, each time to another stream, so that the compiler cannot
vectorize the loop: in a network 784-800-800-10 with dropout that took three sevenths of each training step. Here 64 streams
advance together. The numbers are the same to the last bit, and Theano's own code for GPUs is not touched.

Another fault is mended with it: `uniform` and `normal` took any `dtype`. Of an integer type came the bits of floats, or NaN, and
of float16 a float32. Now the first is an error, and the second a float16.

Importing this module is all there is to do; the import hook does it when Theano's generator is imported.
"""

import functools

import theano.tensor as T
from theano.sandbox.rng_mrg import MRG_RandomStreams, mrg_uniform

# What a state holds, for each stream: the last three values of both recurrences, (x_n, x_n-1, x_n-2, y_n, y_n-1, y_n-2).
_CODE = r"""
void cpu_rng_mrg_uniform_%(dtype)s(
    PyArrayObject* o_sample, PyArrayObject* o_rstate, npy_int64 n_elements, int n_streams)
{
    const npy_uint32 M1 = 2147483647, M2 = 2147462579;
    const int BLOCK = 64;
    %(dtype)s* samples = (%(dtype)s*) PyArray_DATA(o_sample);
    npy_uint32* states = (npy_uint32*) PyArray_DATA(o_rstate);
    npy_uint32 x1[BLOCK], x2[BLOCK], x3[BLOCK], y1[BLOCK], y2[BLOCK], y3[BLOCK];

    for (int block = 0; block < n_streams; block += BLOCK) {
        const int size = n_streams - block < BLOCK ? n_streams - block : BLOCK;
        npy_uint32* state = states + 6 * (npy_int64) block;
        for (int i = 0; i < size; ++i) {
            x1[i] = state[6 * i], x2[i] = state[6 * i + 1], x3[i] = state[6 * i + 2];
            y1[i] = state[6 * i + 3], y2[i] = state[6 * i + 4], y3[i] = state[6 * i + 5];
        }
        // These streams' next numbers belong to the elements block, block + n_streams, block + 2 n_streams ...
        for (npy_int64 first = block; first < n_elements; first += n_streams) {
            const int n = n_elements - first < size ? n_elements - first : size;
            %(dtype)s* sample = samples + first;
            for (int i = 0; i < n; ++i) {
                // Every sum is below 2^32; a product by a power of two modulo 2^31 - 1 rotates the 31 bits.
                npy_uint32 x = ((x2[i] & 511) << 22) + (x2[i] >> 9) + ((x3[i] & 16777215) << 7) + (x3[i] >> 24);
                x -= x >= M1 ? M1 : 0;
                x += x3[i];
                x -= x >= M1 ? M1 : 0;
                npy_uint32 a = ((y1[i] & 65535) << 15) + 21069 * (y1[i] >> 16);
                a -= a >= M2 ? M2 : 0;
                npy_uint32 b = ((y3[i] & 65535) << 15) + 21069 * (y3[i] >> 16);
                b -= b >= M2 ? M2 : 0;
                b += y3[i];
                b -= b >= M2 ? M2 : 0;
                b += a;
                b -= b >= M2 ? M2 : 0;
                x3[i] = x2[i], x2[i] = x1[i], x1[i] = x;
                y3[i] = y2[i], y2[i] = y1[i], y1[i] = b;
                const npy_uint32 difference = x - b + (x <= b ? M1 : 0);
                sample[i] = (npy_int32) difference * %(norm)s;
            }
        }
        for (int i = 0; i < size; ++i) {
            state[6 * i] = x1[i], state[6 * i + 1] = x2[i], state[6 * i + 2] = x3[i];
            state[6 * i + 3] = y1[i], state[6 * i + 4] = y2[i], state[6 * i + 5] = y3[i];
        }
    }
}
"""
# 2^-31 in both types; the first as Theano rounds it, so that 1 is never reached.
_TYPES = {"npy_float32": "4.6566126e-10f", "npy_float64": "4.656612873077392578125e-10"}


def _support_code(self):
    return "".join(_CODE % {"dtype": dtype, "norm": norm} for dtype, norm in _TYPES.items())


def _version(self, _theanos=mrg_uniform.c_code_cache_version):
    # Another version: what Theano has compiled before must not be taken for this.
    return (*_theanos(self), "in blocks of streams", 1)


mrg_uniform.c_support_code = _support_code
mrg_uniform.c_code_cache_version = _version


def _of_floats(theanos):
    @functools.wraps(theanos)
    def draw(self, *arguments, dtype=None, **options):
        if dtype is not None and not str(dtype).startswith("float"):
            raise ValueError(
                f"{theanos.__name__} draws floats, and dtype is {dtype}: draw them with dtype={T.config.floatX!r} and use T.cast."
            )
        numbers = theanos(self, *arguments, dtype=dtype, **options)
        return numbers if dtype is None else T.cast(numbers, dtype)

    return draw


for _distribution in ("uniform", "normal"):
    setattr(MRG_RandomStreams, _distribution, _of_floats(getattr(MRG_RandomStreams, _distribution)))
