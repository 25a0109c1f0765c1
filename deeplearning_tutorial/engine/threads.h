// The threads that share a product of matrices, sgemm.cpp's, or a convolution, convolution/blocks.h's: how many there are, and how they wait for one another.
//
// A thread that waits and spins is the quickest to go on, where its processor has nothing else to do. Where it has, the thread
// keeps it from the very one that it waits for. So here
//
//     nobody waits for a thread that has not begun: who has done a part of its own takes those that are left,
//     a thread spins for a short while, and then sleeps,
//     and there are as many threads as other programs leave processors for.

#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <system_error>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace threads {

inline int64_t nanoseconds(clockid_t clock = CLOCK_MONOTONIC)
{
    timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// Whether a condition comes true while this thread spins, for some nanoseconds.
template <class Condition> bool spin(int64_t duration, const Condition& is_true)
{
    const int64_t end = nanoseconds() + duration;
    do
        for (int i = 0; i < 16; ++i) {
            if (is_true()) return true;
            __builtin_ia32_pause();
        }
    while (nanoseconds() < end);
    return false;
}

// -------------------------------------------------------------------------------------------------------------------------------

// How many of the processors that this process may use are kept busy by others: looked at twenty times a second, while somebody asks.
class OtherPrograms {
public:
    OtherPrograms() { look(); }

    double processors()
    {
        if (nanoseconds(CLOCK_MONOTONIC_COARSE) >= next_look) look();
        return used;
    }

private:
    void look()
    {
        const int64_t now = nanoseconds(), ours = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), begin = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
        const double all = seconds_of_all();
        if (all >= 0 && all_before >= 0 && now > time_before) {
            const double elapsed = (now - time_before) * 1e-9;
            if (elapsed > LONG_AGO) {
                used = known = 0;  // what was then says nothing of now
            } else {
                const double now_used = std::max(0.0, (all - all_before - (ours - ours_before) * 1e-9) / elapsed);
                used += elapsed / (elapsed + known) * (now_used - used);
                known = std::min(known + elapsed, MEMORY);
            }
        }
        all_before = all, ours_before = ours, time_before = now;
        // On a machine with many processors it is work to look.
        const int64_t work = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - begin;
        next_look = now + std::clamp<int64_t>(100 * work, INTERVAL, MOST_INTERVAL);
    }

    // Seconds of work that these processors have done since the machine was started, but for that of programs which yield to all
    // others ("nice"). Negative where nobody says.
    static double seconds_of_all()
    {
        cpu_set_t allowed;
        if (sched_getaffinity(0, sizeof allowed, &allowed)) return -1;
        std::FILE* file = std::fopen("/proc/stat", "re");
        if (!file) return -1;
        double ticks = 0;
        char line[512];
        while (std::fgets(line, sizeof line, file) && !std::strncmp(line, "cpu", 3)) {
            unsigned processor;
            double user, nice, system, idle, iowait, irq, softirq, steal;
            if (std::sscanf(line, "cpu%u %lf %lf %lf %lf %lf %lf %lf %lf", &processor, &user, &nice, &system, &idle, &iowait, &irq,
                            &softirq, &steal) == 9 && processor < CPU_SETSIZE && CPU_ISSET(processor, &allowed))
                ticks += user + system + irq + softirq + steal;
        }
        std::fclose(file);
        static const double ticks_a_second = sysconf(_SC_CLK_TCK);
        return ticks / ticks_a_second;
    }

    // Linux counts in hundredths of a second, so that a short while says little.
    static constexpr int64_t INTERVAL = 50000000, MOST_INTERVAL = 400000000;
    static constexpr double MEMORY = 0.1, LONG_AGO = 0.5;  // seconds
    double used = 0, known = 0, all_before = -1;
    int64_t ours_before = 0, time_before = 0, next_look = 0;
};

// -------------------------------------------------------------------------------------------------------------------------------

// Threads that wait for work, and a job at a time, in parts.
class Team {
public:
    static constexpr int MOST = 32;  // parts of a job

    // Calls f(0) to f(n_parts - 1), once each, in this thread and in n_threads - 1 others, and returns when all is done.
    // What is given to a thread is the same for the same number of parts, but for what another has taken from it.
    template <class F> void share(int n_parts, int n_threads, int64_t patience, const F& f)
    {
        std::unique_lock<std::mutex> lock(one_job_at_a_time, std::try_to_lock);
        if (!lock || n_parts == 1 || n_threads == 1) {
            for (int part = 0; part < n_parts; ++part) f(part);
            return;
        }
        start(n_threads - 1);
        spinning = patience;
        function.store([](const void* f, int part) { (*static_cast<const F*>(f))(part); }, std::memory_order_relaxed);
        context.store(&f, std::memory_order_relaxed);
        size.store(n_parts << 8 | n_threads, std::memory_order_relaxed);
        unfinished.store(n_parts, std::memory_order_relaxed);
        ++number;
        parts_left.store(uint64_t(number) << 32 | ((uint64_t(1) << n_parts) - 1), std::memory_order_release);
        job.store(number);
        job.notify_all();
        work(0, number);
        const auto is_done = [&] { return unfinished.load(std::memory_order_acquire) == 0; };
        if (spin(patience, is_done)) return;
        for (int left; (left = unfinished.load(std::memory_order_acquire)) != 0;) unfinished.wait(left);
    }

private:
    // The parts of a job that thread `me` can get: its own first, then those of the others.
    void work(int me, uint32_t wanted)
    {
        for (;;) {
            uint64_t before = parts_left.load(std::memory_order_acquire);
            const auto call = function.load(std::memory_order_relaxed);
            const void* f = context.load(std::memory_order_relaxed);
            const int n_parts = size.load(std::memory_order_relaxed) >> 8, n_threads = size.load(std::memory_order_relaxed) & 255;
            const uint32_t left = uint32_t(before);
            // A later job, or one for fewer threads, is not this one's. All above was of this job if the exchange succeeds.
            if (before >> 32 != wanted || left == 0 || me >= n_threads) return;
            const int first = n_parts * me / n_threads;
            const uint32_t mine_and_after = left >> first << first;
            const int part = std::countr_zero(mine_and_after ? mine_and_after : left);
            if (!parts_left.compare_exchange_weak(before, before & ~(uint64_t(1) << part), std::memory_order_acq_rel)) continue;
            call(f, part);
            if (unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished.notify_one();
        }
    }

    void start(int n_others)
    {
        while (n_started < n_others) {
            // Signals are for the threads of the program.
            sigset_t all, before;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before);
            try {
                std::thread([this, me = n_started + 1, seen = number] { wait_for_jobs(me, seen); }).detach();
                ++n_started;
            } catch (const std::system_error&) {  // no more threads can be had: those that are there take the parts
                n_others = n_started;
            }
            pthread_sigmask(SIG_SETMASK, &before, nullptr);
        }
    }

    void wait_for_jobs(int me, uint32_t seen)
    {
        omp_set_num_threads(1);
        for (;;) {
            const auto is_there = [&] { return job.load(std::memory_order_acquire) != seen; };
            if (!spin(spinning.load(std::memory_order_relaxed), is_there)) job.wait(seen);
            const uint32_t now = job.load(std::memory_order_acquire);
            if (now != seen) work(me, seen = now);
        }
    }

    std::mutex one_job_at_a_time;
    int n_started = 0;
    uint32_t number = 0;
    std::atomic<int64_t> spinning{0};
    alignas(64) std::atomic<uint32_t> job{0};
    alignas(64) std::atomic<uint64_t> parts_left{0};  // the job's number, and a bit for each part that nobody has begun
    std::atomic<void (*)(const void*, int)> function{nullptr};
    std::atomic<const void*> context{nullptr};
    std::atomic<int> size{0};
    alignas(64) std::atomic<int> unfinished{0};
};

// -------------------------------------------------------------------------------------------------------------------------------

// For as long as the process lives: its threads may still wait at the end.
inline Team* team = new Team;
inline OtherPrograms* others = new OtherPrograms;
inline std::atomic<int> most{Team::MOST};  // what the process may use, as threads.py finds out
inline std::atomic<bool> heed_others{true};

inline std::atomic<bool> alone{false};

// A forked child has none of its parent's other threads, and would wait for them for ever: it goes on with one.
[[maybe_unused]] inline const int registered = pthread_atfork(nullptr, nullptr, [] {
    team = new Team;
    alone = true;
});

// A sum depends in its last digits on how it is cut into parts. So the number of parts is always the same, and what is computed
// does not depend on what other programs do.
struct Number {
    int n_parts, n_threads;
    int64_t patience;  // nanoseconds to spin for, before one sleeps
};

// How many threads shall share some work that `wanted` could: fewer where others use the processors. Where there is much of it,
// it is worth some waiting to have the processors that are shared with others, too.
inline Number number(int wanted, bool is_much)
{
    const int64_t QUIET = 1000000, BUSY = 5000;
    const double A_THIRD = 1.0 / 3;
    const int limit = std::min(wanted, most.load(std::memory_order_relaxed));
    if (limit <= 1 || alone || omp_in_parallel()) return {limit, 1, 0};
    // Where all of ours compute, too, another program gets half a processor, and is to have all of it.
    const int free = heed_others ? std::max(1, int(limit + A_THIRD - others->processors())) : limit;
    if (free >= limit) return {limit, limit, QUIET};
    return {limit, is_much ? std::min(limit, 2 * free) : free, BUSY};
}

template <class F> void share(int n_parts, const Number& number, const F& f) { team->share(n_parts, number.n_threads, number.patience, f); }

// While there is one of these, OpenMP computes with one thread for this one.
struct OneOfOpenMP {
    const int before = omp_get_max_threads();
    OneOfOpenMP() { if (before > 1) omp_set_num_threads(1); }
    ~OneOfOpenMP() { if (before > 1) omp_set_num_threads(before); }
};

}  // namespace threads

// For threads.py; the last is for tests, which want all threads whatever others do.
extern "C" inline __attribute__((used)) void threads_use_at_most(int n) { threads::most = std::clamp(n, 1, threads::Team::MOST); }
extern "C" inline __attribute__((used)) int threads_now() { return threads::number(omp_get_max_threads(), false).n_threads; }
extern "C" inline __attribute__((used)) double threads_others() { return threads::others->processors(); }
extern "C" inline __attribute__((used)) void threads_heed_others(int yes) { threads::heed_others = yes; }

// For convolution/blocks.h: what Theano compiles has no threads of its own.
extern "C" inline __attribute__((used)) void threads_share(int n_parts, int is_much, void (*function)(const void*, int), const void* context)
{
    const threads::Number number = threads::number(omp_get_max_threads(), is_much);
    threads::share(std::min(n_parts, threads::Team::MOST), number, [=](int part) { function(context, part); });
}
