// Convolution and pooling of images in blocks of eight, for operations.py.
//
// A block holds eight images, and the eight numbers of a pixel lie side by side:
//
//     blocks      (n_blocks, n_channels, height, width, 8)
//
// So one instruction of the processor treats a pixel of eight images at once, wherever in the image it is and however many channels
// there are; a filter's weight is the same for all of them. No image is copied into the rows of a matrix, as in im2col, where each
// pixel stands once for each weight. Where there are fewer images than the blocks have room for, the rest are zeros.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

// The threads of libsgemm_onednn.so, see threads.h; SHARED_THREADS is defined where there is that library.
extern "C" void threads_share(int n_parts, int is_much, void (*function)(const void* context, int part), const void* context);

// Sums are added up in the order that is written here: the compiler may be told that it can choose another, and then has so many of
// them at a time that they do not fit into the processor's registers.
#pragma GCC push_options
#pragma GCC optimize("no-associative-math", "no-predictive-commoning")

namespace blocks {

const int LANES = 8;
typedef float Pixel __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES), aligned(4)));

// Loaded once, and not again by each instruction that needs it.
inline Pixel in_a_register(Pixel numbers)
{
#ifdef __AVX__
    asm("" : "+x"(numbers));
#endif
    return numbers;
}

inline Pixel& pixel(float* numbers, int64_t i) { return *reinterpret_cast<Pixel*>(numbers + LANES * i); }
inline const Pixel& pixel(const float* numbers, int64_t i) { return *reinterpret_cast<const Pixel*>(numbers + LANES * i); }

// -------------------------------------------------------------------------------------------------------------------------------

// So many multiplications, or numbers from memory, take about as long as it does to begin with other threads; or a millisecond.
const int64_t FEW = 200000, MANY = 30000000;

// Calls f(first, last) for parts that together are the units from 0 to n. What a unit's result is does not depend on the parts.
template <class F> void share(int64_t n, int64_t work, const F& f)
{
#ifdef SHARED_THREADS
    const int64_t MOST_PARTS = 16;
    if (work >= FEW && n > 1) {
        struct Context { const F& f; int64_t n; int n_parts; } context{f, n, int(std::min(n, MOST_PARTS))};
        const auto part = [](const void* context, int i) {
            const Context& c = *static_cast<const Context*>(context);
            c.f(c.n * i / c.n_parts, c.n * (i + 1) / c.n_parts);
        };
        return threads_share(context.n_parts, work >= MANY, part, &context);
    }
#endif
    f(0, n);
}

// A number of things is cut into as few tiles of at most `most` as it can be, all of about the same size.
struct Tiles {
    int n, count;
    Tiles(int n, int most) : n(n), count((n + most - 1) / most) {}
    int begin(int tile) const { return n * tile / count; }
};

// Calls f with a number from 1 to MOST that the compiler knows.
template <int MOST, class F> void with_constant(int n, const F& f)
{
    if constexpr (MOST > 0) {
        if (n == MOST) return f(std::integral_constant<int, MOST>());
        with_constant<MOST - 1>(n, f);
    }
}

// -------------------------------------------------------------------------------------------------------------------------------
// Convolution, or rather correlation: filters are not flipped.
//
//     output[f, y, x] = sum over c, i, j of input[c, y + i - pad_y, x + j - pad_x] filter[f, c, i, j]

struct Convolution {
    int64_t n_blocks;
    int channels, height, width;      // of the input
    int filters, rows, columns;       // and the size of a filter
    int pad_y, pad_x;                 // zeros around the input; negative where that many pixels of it are left out

    int output_height() const { return height + 2 * pad_y - rows + 1; }
    int output_width() const { return width + 2 * pad_x - columns + 1; }
    int64_t multiplications() const
    {
        return n_blocks * LANES * output_height() * output_width() * filters * int64_t(channels) * rows * columns;
    }
};

const int FILTERS = 6;  // at a time, for two neighbouring pixels: as many sums as the processor has registers for, and some to spare

// Rows of pixels of the input, in all channels, and where the weights for each begin.
struct Row { const float* pixels; const float* weights; };

// Which columns of a filter meet pixels of the input.
struct Range {
    int first, last;
    Range(const Convolution& c, int x) : first(std::max(0, c.pad_x - x)), last(std::min(c.columns, c.width + c.pad_x - x)) {}
    bool has(int column) const { return first <= column && column < last; }
    bool is_whole(const Convolution& c) const { return first == 0 && last == c.columns; }
};

template <int F, int P> struct Sums {
    Pixel sums[F][P] = {};

    // The pixels from p on, to q, times the weights of a column.
    template <int p, int q> void add(const float* pixels, const float* weights)
    {
        for (int f = 0; f < F; ++f)
            for (int i = p; i < q; ++i) sums[f][i] += pixel(pixels, i) * weights[f];
    }
    void store(float* output, int64_t plane) const
    {
        for (int f = 0; f < F; ++f)
            for (int i = 0; i < P; ++i) pixel(output + f * plane, i) = sums[f][i];
    }
};

// All columns of the filters: K of them, or as many as c.columns if K is 0.
template <int F, int P, int K> void whole(const Convolution& c, const std::vector<Row>& rows, int x, float* output, int64_t plane)
{
    Sums<F, P> sums;
    const int n = K ? K : c.columns;
    for (const Row& row : rows) {
        const float* pixels = row.pixels + LANES * (x - c.pad_x);
        const float* weights = row.weights;
        for (int j = 0; j < n; ++j, pixels += LANES, weights += F) sums.template add<0, P>(pixels, weights);
    }
    sums.store(output, plane);
}

// At the border, column by column. Of two pixels one may have a column more on the left, the other one on the right.
template <int F, int P> void border(const Convolution& c, const std::vector<Row>& rows, int x, float* output, int64_t plane)
{
    Sums<F, P> sums;
    const Range one(c, x), other(c, x + P - 1);
    for (int j = std::min(one.first, other.first); j < std::max(one.last, other.last); ++j) {
        const int64_t pixel = LANES * (x - c.pad_x + j), weight = F * j;
        if (P == 1 || (one.has(j) && other.has(j)))
            for (const Row& row : rows) sums.template add<0, P>(row.pixels + pixel, row.weights + weight);
        else if (one.has(j))
            for (const Row& row : rows) sums.template add<0, 1>(row.pixels + pixel, row.weights + weight);
        else if (other.has(j))
            for (const Row& row : rows) sums.template add<P - 1, P>(row.pixels + pixel, row.weights + weight);
    }
    sums.store(output, plane);
}

template <int F, int P> void pixels(const Convolution& c, const std::vector<Row>& rows, int x, float* output, int64_t plane)
{
    if (!Range(c, x).is_whole(c) || !Range(c, x + P - 1).is_whole(c)) return border<F, P>(c, rows, x, output, plane);
    if (c.columns == 5) return whole<F, P, 5>(c, rows, x, output, plane);
    if (c.columns == 3) return whole<F, P, 3>(c, rows, x, output, plane);
    whole<F, P, 0>(c, rows, x, output, plane);
}

template <int F> void row_of_pixels(const Convolution& c, const std::vector<Row>& rows, float* output, int64_t plane)
{
    int x = 0;
    for (; x + 1 < c.output_width(); x += 2) pixels<F, 2>(c, rows, x, output + LANES * x, plane);
    if (x < c.output_width()) pixels<F, 1>(c, rows, x, output + LANES * x, plane);
}

// The filters of a tile side by side: (tile, channel, row, column, filter of the tile). `strides` are in numbers.
inline void pack(const Convolution& c, const float* filters, const int64_t strides[4], float* packed)
{
    const Tiles tiles(c.filters, FILTERS);
    for (int tile = 0; tile < tiles.count; ++tile)
        for (int channel = 0; channel < c.channels; ++channel)
            for (int i = 0; i < c.rows; ++i)
                for (int j = 0; j < c.columns; ++j)
                    for (int f = tiles.begin(tile); f < tiles.begin(tile + 1); ++f)
                        *packed++ = filters[f * strides[0] + channel * strides[1] + i * strides[2] + j * strides[3]];
}

inline void convolve(const Convolution& c, const float* input, const float* packed, float* output)
{
    const Tiles tiles(c.filters, FILTERS);
    const int height = c.output_height(), width = c.output_width();
    const int64_t plane = int64_t(height) * width * LANES;
    share(c.n_blocks * height, c.multiplications() / LANES, [&](int64_t first, int64_t last) {
        std::vector<Row> rows;
        for (int64_t unit = first; unit < last; ++unit) {
            const int64_t block = unit / height, y = unit % height;
            const int from = std::max<int64_t>(0, c.pad_y - y), to = std::min<int64_t>(c.rows, c.height + c.pad_y - y);
            for (int tile = 0; tile < tiles.count; ++tile) {
                const int f = tiles.begin(tile), size = tiles.begin(tile + 1) - f;
                rows.clear();
                for (int channel = 0; channel < c.channels; ++channel)
                    for (int i = from; i < to; ++i)
                        rows.push_back({input + ((block * c.channels + channel) * c.height + y + i - c.pad_y) * c.width * LANES,
                                        packed + (int64_t(f) * c.channels * c.rows + (channel * c.rows + i) * size) * c.columns});
                float* const result = output + (block * c.filters + f) * plane + y * width * LANES;
                with_constant<FILTERS>(size, [&](auto n) { row_of_pixels<n>(c, rows, result, plane); });
            }
        }
    });
}

// -------------------------------------------------------------------------------------------------------------------------------
// Filters of 3 x 3 pixels, after Winograd: 16 multiplications for 2 x 2 pixels of the output instead of 36.
//
//     output = A' [(G filter G') * (B' input B)] A        of 4 x 4 pixels of the input, summed over channels before A
//
// A. Lavin and S. Gray (2016), "Fast algorithms for convolutional neural networks", F(2 x 2, 3 x 3). Transforming takes only additions,
// but of each pixel, so that it is for many channels and filters.

const int POINTS = 16, ENOUGH = 16;

inline bool is_for_winograd(const Convolution& c)
{
    return c.rows == 3 && c.columns == 3 && c.channels >= ENOUGH && c.filters >= ENOUGH && c.output_height() > 1 && c.output_width() > 1;
}

// Filters as (point, tile, channel, filter of the tile).
inline std::vector<float> transformed_filters(const Convolution& c, const float* filters, const int64_t strides[4])
{
    const Tiles tiles(c.filters, FILTERS);
    std::vector<float> result(int64_t(POINTS) * c.filters * c.channels);
    for (int tile = 0; tile < tiles.count; ++tile)
        for (int f = tiles.begin(tile); f < tiles.begin(tile + 1); ++f)
            for (int channel = 0; channel < c.channels; ++channel) {
                const float* g = filters + f * strides[0] + channel * strides[1];
                float half[4][3];  // G filter
                for (int j = 0; j < 3; ++j) {
                    const float a = g[j * strides[3]], b = g[strides[2] + j * strides[3]], d = g[2 * strides[2] + j * strides[3]];
                    half[0][j] = a, half[1][j] = (a + b + d) / 2, half[2][j] = (a - b + d) / 2, half[3][j] = d;
                }
                const int first = tiles.begin(tile), size = tiles.begin(tile + 1) - first;
                float* to = result.data() + (int64_t(first) * c.channels + channel * size) + f - first;
                const int64_t step = int64_t(c.filters) * c.channels;
                for (int i = 0; i < 4; ++i) {
                    const float a = half[i][0], b = half[i][1], d = half[i][2];
                    const float row[] = {a, (a + b + d) / 2, (a - b + d) / 2, d};
                    for (int j = 0; j < 4; ++j) to[(4 * i + j) * step] = row[j];
                }
            }
    return result;
}

// B' input B of 4 x 4 pixels, whose first is (y, x) of a plane. `to` is where the first point goes, and `step` how far the next is.
inline void transform_input(const Convolution& c, const float* plane, int y, int x, float* to, int64_t step)
{
    Pixel d[4][4];
    const bool is_within = y >= 0 && x >= 0 && y + 4 <= c.height && x + 4 <= c.width;
    for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) {
            const bool is_there = is_within || (y + i >= 0 && y + i < c.height && x + j >= 0 && x + j < c.width);
            d[i][j] = is_there ? pixel(plane, int64_t(y + i) * c.width + x + j) : Pixel{};
        }
    for (int j = 0; j < 4; ++j) {
        const Pixel a = d[0][j], b = d[1][j], e = d[2][j], f = d[3][j];
        d[0][j] = a - e, d[1][j] = b + e, d[2][j] = e - b, d[3][j] = b - f;
    }
    for (int i = 0; i < 4; ++i) {
        float* const row = to + 4 * i * step;
        pixel(row, 0) = d[i][0] - d[i][2], pixel(row + step, 0) = d[i][1] + d[i][2];
        pixel(row + 2 * step, 0) = d[i][2] - d[i][1], pixel(row + 3 * step, 0) = d[i][1] - d[i][3];
    }
}

// A' products A: 2 x 2 pixels of the output, of which some may lie outside.
inline void transform_output(const Convolution& c, const float* from, int64_t step, float* plane, int y, int x)
{
    Pixel half[2][4];
    for (int j = 0; j < 4; ++j) {
        const Pixel a = pixel(from + j * step, 0), b = pixel(from + (4 + j) * step, 0);
        const Pixel d = pixel(from + (8 + j) * step, 0), e = pixel(from + (12 + j) * step, 0);
        half[0][j] = a + b + d, half[1][j] = b - d - e;
    }
    for (int i = 0; i < 2 && y + i < c.output_height(); ++i) {
        float* const row = plane + LANES * (int64_t(y + i) * c.output_width() + x);
        pixel(row, 0) = half[i][0] + half[i][1] + half[i][2];
        if (x + 1 < c.output_width()) pixel(row, 1) = half[i][1] - half[i][2] - half[i][3];
    }
}

// For P neighbouring windows, the sums over channels for F filters.
template <int F, int P> void sum_channels_of(int channels, const float* input, int64_t n_windows, const float* weights, float* output)
{
    Sums<F, P> sums;
    for (int channel = 0; channel < channels; ++channel, input += n_windows * LANES, weights += F)
        sums.template add<0, P>(input, weights);
    sums.store(output, n_windows * LANES);
}

template <int F> void sum_channels_of(int channels, const float* input, int64_t n_windows, const float* weights, float* output)
{
    int64_t x = 0;
    for (; x + 1 < n_windows; x += 2) sum_channels_of<F, 2>(channels, input + x * LANES, n_windows, weights, output + x * LANES);
    if (x < n_windows) sum_channels_of<F, 1>(channels, input + x * LANES, n_windows, weights, output + x * LANES);
}

// An array of pixels, on whole cache lines, that is kept for the next time.
inline float* kept_pixels(int which, int64_t n)
{
    struct Kept {
        float* room = nullptr;
        int64_t size = 0;
        ~Kept() { std::free(room); }
    };
    static thread_local Kept kept[2];
    if (n > kept[which].size) {
        std::free(kept[which].room);
        kept[which].room = static_cast<float*>(std::aligned_alloc(64, (n * LANES * sizeof(float) + 63) / 64 * 64));
        kept[which].size = n;
    }
    return kept[which].room;
}

inline void convolve_after_winograd(const Convolution& c, const float* input, const float* transformed, float* output)
{
    const Tiles tiles(c.filters, FILTERS);
    const int64_t n_rows = (c.output_height() + 1) / 2, n_windows = (c.output_width() + 1) / 2;
    const int64_t plane = int64_t(c.height) * c.width * LANES, output_plane = int64_t(c.output_height()) * c.output_width() * LANES;
    const int64_t in = c.channels * n_windows * LANES, out = c.filters * n_windows * LANES;
    share(c.n_blocks * n_rows, c.multiplications() / LANES, [&](int64_t first, int64_t last) {
        float* const points = kept_pixels(0, POINTS * c.channels * n_windows);
        float* const products = kept_pixels(1, POINTS * c.filters * n_windows);
        for (int64_t unit = first; unit < last; ++unit) {
            const int64_t block = unit / n_rows;
            const int y = 2 * (unit % n_rows);
            for (int channel = 0; channel < c.channels; ++channel)
                for (int window = 0; window < n_windows; ++window)
                    transform_input(c, input + (block * c.channels + channel) * plane, y - c.pad_y, 2 * window - c.pad_x,
                                    points + (channel * n_windows + window) * LANES, in);
            for (int point = 0; point < POINTS; ++point)
                for (int tile = 0; tile < tiles.count; ++tile) {
                    const int f = tiles.begin(tile);
                    const float* const from = points + point * in;
                    const float* const weights = transformed + (int64_t(point) * c.filters + f) * c.channels;
                    float* const to = products + point * out + f * n_windows * LANES;
                    with_constant<FILTERS>(tiles.begin(tile + 1) - f, [&](auto n) {
                        sum_channels_of<n>(c.channels, from, n_windows, weights, to);
                    });
                }
            for (int f = 0; f < c.filters; ++f)
                for (int window = 0; window < n_windows; ++window)
                    transform_output(c, products + (f * n_windows + window) * LANES, out,
                                     output + (block * c.filters + f) * output_plane, y, 2 * window);
        }
    });
}

// Of filters whose numbers lie `strides` apart.
inline void convolve(const Convolution& c, const float* input, const float* filters, const int64_t strides[4], float* output)
{
    if (is_for_winograd(c)) return convolve_after_winograd(c, input, transformed_filters(c, filters, strides).data(), output);
    std::vector<float> packed(int64_t(c.filters) * c.channels * c.rows * c.columns);
    pack(c, filters, strides, packed.data());
    convolve(c, input, packed.data(), output);
}

// -------------------------------------------------------------------------------------------------------------------------------
// The gradient of the filters.
//
//     filter[f, c, i, j] = sum over images, y, x of input[c, y + i - pad_y, x + j - pad_x] gradient[f, y, x]

// So many numbers of the gradient are gone through again and again, for each channel and row of the filters: half of a core's first cache.
const int64_t CACHE = 4096;

// F filters, and T columns of them from j on: what the rows of one block from `first` to `last` add to their sums. Each sum is eight, one
// for each image.
template <int F, int T> void weights(const Convolution& c, const float* input, const float* gradient, int64_t block, int first, int last,
                                     int f, int channel, int i, int j, float* all)
{
    const int height = c.output_height(), width = c.output_width();
    const int top = std::max(first, c.pad_y - i), bottom = std::min(last, c.height + c.pad_y - i);
    const int left = std::clamp(c.pad_x - j, 0, width), right = std::clamp(c.width + c.pad_x - j - T + 1, left, width);
    const int64_t plane = int64_t(height) * width * LANES, filter = int64_t(c.channels) * c.rows * c.columns * LANES;
    all += (((int64_t(f) * c.channels + channel) * c.rows + i) * c.columns + j) * LANES;
    Pixel sums[F][T];
    for (int g = 0; g < F; ++g)
        for (int t = 0; t < T; ++t) sums[g][t] = pixel(all + g * filter, t);
    for (int y = top; y < bottom; ++y) {
        const float* pixels = input + (((block * c.channels + channel) * c.height + y + i - c.pad_y) * c.width + j - c.pad_x) * LANES;
        const float* gradients = gradient + (block * c.filters + f) * plane + int64_t(y) * width * LANES;
        const auto add = [&](int x, int from, int to) __attribute__((always_inline)) {
            Pixel here[F];
            for (int g = 0; g < F; ++g) here[g] = in_a_register(pixel(gradients + g * plane, x));
            for (int t = from; t < to; ++t) {
                const Pixel met = in_a_register(pixel(pixels, x + t));
                for (int g = 0; g < F; ++g) sums[g][t] += here[g] * met;
            }
        };
        const auto at_the_border = [&](int x) {
            for (int t = 0; t < T; ++t)
                if (const int column = x + j + t - c.pad_x; column >= 0 && column < c.width) add(x, t, t + 1);
        };
        // Mostly, one column of the filter lies beyond the border, if any does.
        const bool is_wide = c.width >= T;
        int x = 0;
        for (; x < left - is_wide; ++x) at_the_border(x);
        if (x < left) add(x++, 1, T);
        for (; x < right; ++x) add(x, 0, T);
        if (x < width && is_wide) add(x++, 0, T - 1);
        for (; x < width; ++x) at_the_border(x);
    }
    for (int g = 0; g < F; ++g)
        for (int t = 0; t < T; ++t) pixel(all + g * filter, t) = sums[g][t];
}

// Of T columns, so many filters at a time as there are registers for.
template <int T> constexpr int filters_at_a_time() { return T == 1 ? 8 : T == 2 ? 4 : T == 3 ? 3 : 2; }

template <int T, int F = filters_at_a_time<T>(), class... Arguments>
void weights_of(int size, const Convolution& c, const Arguments&... arguments)
{
    if constexpr (F > 0) {
        if (size == F) return weights<F, T>(c, arguments...);
        weights_of<T, F - 1>(size, c, arguments...);
    }
}

inline int most_filters(int columns)
{
    return columns == 1 ? filters_at_a_time<1>() : columns == 2 ? filters_at_a_time<2>() : columns == 3 ? filters_at_a_time<3>()
         : columns == 4 ? filters_at_a_time<4>() : filters_at_a_time<5>();
}

// If they are turned by 180 degrees, they are stored from the last number to the first.
inline void gradient_of_filters(const Convolution& c, const float* input, const float* gradient, bool is_turned, float* filters)
{
    const Tiles columns(c.columns, 5);
    const Tiles tiles(c.filters, most_filters(columns.begin(1)));
    const int height = c.output_height(), size = c.rows * c.columns;
    const int rows_at_a_time = std::clamp<int64_t>(CACHE / (tiles.begin(1) * c.output_width() * LANES), 1, height);
    std::vector<float> sums(int64_t(c.filters) * c.channels * size * LANES);
    share(int64_t(tiles.count) * c.channels, c.multiplications() / LANES, [&](int64_t first, int64_t last) {
        for (int64_t block = 0; block < c.n_blocks; ++block)
            for (int y = 0; y < height; y += rows_at_a_time)
                for (int64_t unit = first; unit < last; ++unit) {
                    const int tile = unit / c.channels, channel = unit % c.channels, end = std::min(height, y + rows_at_a_time);
                    const int f = tiles.begin(tile), n = tiles.begin(tile + 1) - f;
                    for (int i = 0; i < c.rows; ++i)
                        for (int t = 0; t < columns.count; ++t) {
                            const int j = columns.begin(t);
                            switch (columns.begin(t + 1) - j) {
                            case 1: weights_of<1>(n, c, input, gradient, block, y, end, f, channel, i, j, sums.data()); break;
                            case 2: weights_of<2>(n, c, input, gradient, block, y, end, f, channel, i, j, sums.data()); break;
                            case 3: weights_of<3>(n, c, input, gradient, block, y, end, f, channel, i, j, sums.data()); break;
                            case 4: weights_of<4>(n, c, input, gradient, block, y, end, f, channel, i, j, sums.data()); break;
                            case 5: weights_of<5>(n, c, input, gradient, block, y, end, f, channel, i, j, sums.data()); break;
                            }
                        }
                }
        for (int64_t unit = first; unit < last; ++unit) {
            const int tile = unit / c.channels, channel = unit % c.channels;
            for (int f = tiles.begin(tile); f < tiles.begin(tile + 1); ++f)
                for (int k = 0; k < size; ++k) {
                    const int64_t filter = (int64_t(f) * c.channels + channel) * size;
                    float sum = 0;
                    for (int lane = 0; lane < LANES; ++lane) sum += sums[(filter + k) * LANES + lane];
                    filters[filter + (is_turned ? size - 1 - k : k)] = sum;
                }
        }
    });
}

// -------------------------------------------------------------------------------------------------------------------------------
// Max-pooling: the largest number of each window of `rows` x `columns` pixels. Windows do not overlap; those at the bottom and on
// the right may be cut off.

struct Pooling {
    int64_t planes;  // blocks times channels
    int height, width, rows, columns, output_height, output_width;
};

typedef std::integral_constant<int, 2> Two;

// A NaN is larger than all.
inline Pixel larger(Pixel a, Pixel b) { return (a > b) | (a != a) ? a : b; }

// Calls f(window, corner, rows, columns) for each: its number, that of its first pixel, and its size. The usual size is known to the
// compiler.
template <class F> void for_each_window(const Pooling& p, int64_t first, int64_t last, const F& f)
{
    if (p.rows == 2 && p.columns == 2 && 2 * p.output_height <= p.height && 2 * p.output_width <= p.width) {
        for (int64_t plane = first; plane < last; ++plane)
            for (int y = 0; y < p.output_height; ++y) {
                const int64_t window = (plane * p.output_height + y) * p.output_width, corner = (plane * p.height + 2 * y) * p.width;
                for (int x = 0; x < p.output_width; ++x) f(window + x, corner + 2 * x, Two(), Two());
            }
        return;
    }
    for (int64_t plane = first; plane < last; ++plane)
        for (int y = 0; y < p.output_height; ++y)
            for (int x = 0; x < p.output_width; ++x) {
                const int64_t corner = (plane * p.height + y * p.rows) * p.width + x * p.columns;
                f((plane * p.output_height + y) * p.output_width + x, corner, std::min(p.rows, p.height - y * p.rows),
                  std::min(p.columns, p.width - x * p.columns));
            }
}

inline void max_pool(const Pooling& p, const float* input, float* output)
{
    share(p.planes, p.planes * p.height * p.width * LANES, [&](int64_t first, int64_t last) {
        for_each_window(p, first, last, [&](int64_t window, int64_t corner, auto rows, auto columns) {
            Pixel most = pixel(input, corner);
            for (int i = 0; i < rows; ++i)
                for (int j = 0; j < columns; ++j) most = larger(pixel(input, corner + i * p.width + j), most);
            pixel(output, window) = most;
        });
    });
}

// The gradient of each window goes to its largest number; to the first, row by row, of several.
inline void max_pool_gradient(const Pooling& p, const float* input, const float* gradient, float* result)
{
    const bool all_are_in_windows = p.output_height * p.rows >= p.height && p.output_width * p.columns >= p.width;
    share(p.planes, 2 * p.planes * p.height * p.width * LANES, [&](int64_t first, int64_t last) {
        const int64_t plane = int64_t(p.height) * p.width * LANES;
        if (!all_are_in_windows) std::memset(result + first * plane, 0, sizeof(float) * (last - first) * plane);
        for_each_window(p, first, last, [&](int64_t window, int64_t corner, auto rows, auto columns) {
            Pixel most = pixel(input, corner);
            for (int i = 0; i < rows; ++i)
                for (int j = 0; j < columns; ++j) most = larger(pixel(input, corner + i * p.width + j), most);
            Pixel left = pixel(gradient, window);
            for (int i = 0; i < rows; ++i)
                for (int j = 0; j < columns; ++j) {
                    const Pixel here = pixel(input, corner + i * p.width + j);
                    const Mask is_most = (here == most) | (here != here);
                    pixel(result, corner + i * p.width + j) = is_most ? left : Pixel{};
                    left = is_most ? Pixel{} : left;
                }
        });
    });
}

// -------------------------------------------------------------------------------------------------------------------------------

// Images one after the other, (n, numbers), become blocks, or blocks images.
inline void to_blocks(int64_t n, int64_t numbers, const float* images, float* output)
{
    share((n + LANES - 1) / LANES, n * numbers, [&](int64_t first, int64_t last) {
        for (int64_t block = first; block < last; ++block) {
            const int here = std::min<int64_t>(LANES, n - block * LANES);
            const float* from = images + block * LANES * numbers;
            float* to = output + block * LANES * numbers;
            if (here < LANES) std::memset(to, 0, sizeof(float) * LANES * numbers);
            if (here == LANES)
                for (int64_t i = 0; i < numbers; ++i)
                    for (int lane = 0; lane < LANES; ++lane) to[i * LANES + lane] = from[lane * numbers + i];
            else
                for (int lane = 0; lane < here; ++lane)
                    for (int64_t i = 0; i < numbers; ++i) to[i * LANES + lane] = from[lane * numbers + i];
        }
    });
}

inline void from_blocks(int64_t n, int64_t numbers, const float* input, float* images)
{
    share((n + LANES - 1) / LANES, n * numbers, [&](int64_t first, int64_t last) {
        for (int64_t block = first; block < last; ++block) {
            const int here = std::min<int64_t>(LANES, n - block * LANES);
            const float* from = input + block * LANES * numbers;
            float* to = images + block * LANES * numbers;
            for (int lane = 0; lane < here; ++lane)
                for (int64_t i = 0; i < numbers; ++i) to[lane * numbers + i] = from[i * LANES + lane];
        }
    });
}

// The sum of each channel over all images and pixels.
inline void sum_channels(int64_t n_blocks, int channels, int64_t pixels_of_a_plane, const float* input, float* sums)
{
    share(channels, n_blocks * channels * pixels_of_a_plane * LANES, [&](int64_t first, int64_t last) {
        for (int64_t channel = first; channel < last; ++channel) {
            double sum = 0;
            for (int64_t block = 0; block < n_blocks; ++block) {
                const float* plane = input + (block * channels + channel) * pixels_of_a_plane * LANES;
                Pixel some[4] = {};
                int64_t i = 0;
                for (; i + 4 <= pixels_of_a_plane; i += 4)
                    for (int k = 0; k < 4; ++k) some[k] += pixel(plane, i + k);
                for (; i < pixels_of_a_plane; ++i) some[0] += pixel(plane, i);
                const Pixel all = (some[0] + some[1]) + (some[2] + some[3]);
                for (int lane = 0; lane < LANES; ++lane) sum += all[lane];
            }
            sums[channel] = sum;
        }
    });
}

}  // namespace blocks

#pragma GCC pop_options
