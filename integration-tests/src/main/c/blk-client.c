/*
 * The front-end of the block benchmark: drives a vhost-user-blk backend through libblkio and says what it saw, as one
 * line of JSON. scripts/bench compiles and calls it; `blk-client` alone prints how.
 *
 * It behaves as a guest's driver does: one thread has all queues, keeps `depth` requests in flight on each, asks for an
 * interrupt only when there is nothing left to reap, and then sleeps until an eventfd wakes it (or, with poll=1, never
 * sleeps). Figures are of a window that opens after a warm-up; whatever is read about the backend process is read by
 * this thread when the window opens and closes, so that all figures are of the same seconds.
 *
 * Kicks are the only write(2)s of this process while it measures, and the kernel counts those (/proc/self/io). Calls are
 * the sum of what the backend has added to the completion eventfds. So both are counted the same way for every backend,
 * and no backend pays for it.
 *
 * The benchmark's file holds a pattern, each word a function of its offset: a read can be verified without remembering
 * anything, and a write that keeps to the pattern leaves it whole.
 */
#define _GNU_SOURCE
#include <blkio.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX_QUEUES = 64, MAX_DEPTH = 1024, STALL_MS = 5000, PAGE = 4096, LARGE = 1 << 20 };

static _Noreturn void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("blk-client: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t nanos(clockid_t clock)
{
    struct timespec t;
    if (clock_gettime(clock, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- The command line: key=value words. ---- */

static int words;
static char **word;

static const char *text(const char *key, const char *otherwise)
{
    size_t length = strlen(key);
    for (int i = 2; i < words; i++)
        if (strncmp(word[i], key, length) == 0 && word[i][length] == '=')
            return word[i] + length + 1;
    if (!otherwise)
        fail("%s= is missing", key);
    return otherwise;
}

static uint64_t number(const char *key, const char *otherwise)
{
    const char *value = text(key, otherwise);
    char *end;
    uint64_t parsed = strtoull(value, &end, 10);
    if (*end || end == value)
        fail("%s=%s is not a number", key, value);
    return parsed;
}

/* ---- The pattern of the file. ---- */

static uint64_t pattern(uint64_t offset)
{
    uint64_t x = (offset >> 3) * 0x9e3779b97f4a7c15u;
    return x ^ (x >> 29);
}

static void fill(uint64_t *data, uint64_t offset, size_t bytes)
{
    for (size_t i = 0; i < bytes / 8; i++)
        data[i] = pattern(offset + i * 8);
}

static bool holds(const uint64_t *data, uint64_t offset, size_t bytes)
{
    for (size_t i = 0; i < bytes / 8; i++)
        if (data[i] != pattern(offset + i * 8))
            return false;
    return true;
}

/* ---- Latencies: 64 buckets for each power of two nanoseconds, so within 1.6 %. ---- */

enum { FINE = 64, BUCKETS = FINE * 40 };
static uint64_t histogram[BUCKETS], latency_count, latency_sum, latency_max;

static unsigned bucket_of(uint64_t ns)
{
    if (ns < FINE)
        return (unsigned)ns;
    unsigned exponent = 0;
    while (ns >> exponent >= 2 * FINE)
        exponent++;
    unsigned bucket = (exponent + 1) * FINE + (unsigned)(ns >> exponent) - FINE;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The middle of a bucket. */
static double value_of(unsigned bucket)
{
    if (bucket < FINE)
        return bucket;
    unsigned exponent = bucket / FINE - 1;
    return ((double)(bucket % FINE + FINE) + 0.5) * (double)(1ull << exponent);
}

static void record(uint64_t ns)
{
    histogram[bucket_of(ns)]++;
    latency_count++;
    latency_sum += ns;
    if (ns > latency_max)
        latency_max = ns;
}

static double percentile_us(double percent)
{
    uint64_t rank = (uint64_t)((double)latency_count * percent / 100), seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) > rank)
            return value_of(i) / 1000;
    return (double)latency_max / 1000;
}

/* ---- What the backend's process has used. ---- */

struct usage {
    uint64_t at_ns, cpu_ns, client_cpu_ns, voluntary, involuntary, client_switches, client_writes;
};

static void add_switches(pid_t pid, struct usage *usage)
{
    char path[300], line[200];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        fail("the backend, process %d, is gone", pid);
    for (struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%s/status", pid, task->d_name);
        FILE *status = fopen(path, "r");
        unsigned long count;
        while (status && fgets(line, sizeof line, status)) {
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1)
                usage->voluntary += count;
            else if (sscanf(line, "nonvoluntary_ctxt_switches: %lu", &count) == 1)
                usage->involuntary += count;
        }
        if (status)
            fclose(status);
    }
    closedir(tasks);
}

static uint64_t writes_so_far(void)
{
    char line[200];
    unsigned long long writes = 0;
    FILE *io = fopen("/proc/self/io", "r");
    while (io && fgets(line, sizeof line, io))
        sscanf(line, "syscw: %llu", &writes);
    if (io)
        fclose(io);
    return writes;
}

static struct usage usage_now(pid_t pid)
{
    struct usage usage = {0};
    clockid_t clock;
    struct rusage own;
    if (pid) {
        add_switches(pid, &usage);
        /* All its threads, those that have ended and io_uring's workers included. */
        if (clock_getcpuclockid(pid, &clock) == 0)
            usage.cpu_ns = nanos(clock);
    }
    getrusage(RUSAGE_SELF, &own);
    usage.client_switches = (uint64_t)(own.ru_nvcsw + own.ru_nivcsw);
    usage.client_writes = writes_so_far();
    usage.client_cpu_ns = nanos(CLOCK_PROCESS_CPUTIME_ID);
    usage.at_ns = nanos(CLOCK_MONOTONIC);
    return usage;
}

/* ---- The load. ---- */

struct request {
    uint64_t offset, since_ns;
    char *data;
    unsigned queue;
};

struct load {
    struct blkio *blkio;
    struct blkioq *queue[MAX_QUEUES];
    struct pollfd event[MAX_QUEUES];
    struct blkio_completion *completions;
    struct request *requests;
    unsigned queues, depth, in_flight;
    uint64_t block, blocks, next, random;
    bool write, sequential, poll, verify, ending;
    uint64_t completed, calls, now_ns;
};

static void submit(struct load *load, struct request *request)
{
    uint64_t index;
    if (load->sequential) {
        index = load->next++ % load->blocks;
    } else {
        load->random ^= load->random << 13;
        load->random ^= load->random >> 7;
        load->random ^= load->random << 17;
        index = load->random % load->blocks;
    }
    struct blkioq *queue = load->queue[request->queue];
    request->offset = index * load->block;
    request->since_ns = load->now_ns;
    if (load->write) {
        if (load->verify)
            fill((uint64_t *)request->data, request->offset, load->block);
        blkioq_write(queue, request->offset, request->data, load->block, request, 0);
    } else {
        if (load->verify)
            memset(request->data, 0x5a, load->block);
        blkioq_read(queue, request->offset, request->data, load->block, request, 0);
    }
    load->in_flight++;
}

/* Hands over what has been submitted, takes what is finished and submits as much anew. Returns how many were finished. */
static int turn(struct load *load, unsigned queue)
{
    int finished = blkioq_do_io(load->queue[queue], load->completions, 0, (int)load->depth, NULL);
    if (finished < 0)
        fail("%s", blkio_get_error_msg());
    if (finished > 0)
        load->now_ns = nanos(CLOCK_MONOTONIC);
    for (int i = 0; i < finished; i++) {
        struct request *request = load->completions[i].user_data;
        if (load->completions[i].ret != 0)
            fail("the backend failed a %s at %llu: %s", load->write ? "write" : "read",
                 (unsigned long long)request->offset, strerror(-load->completions[i].ret));
        if (load->verify && !load->write && !holds((uint64_t *)request->data, request->offset, load->block))
            fail("wrong data read at %llu", (unsigned long long)request->offset);
        record(load->now_ns - request->since_ns);
        load->in_flight--;
        load->completed++;
        if (!load->ending)
            submit(load, request);
    }
    return finished;
}

static bool turn_all(struct load *load)
{
    bool any = false;
    for (unsigned i = 0; i < load->queues; i++)
        any |= turn(load, i) > 0;
    return any;
}

static void ask_for_calls(struct load *load, bool wanted)
{
    for (unsigned i = 0; i < load->queues; i++)
        blkioq_set_completion_fd_enabled(load->queue[i], wanted);
}

static void sleep_until_called(struct load *load)
{
    if (!load->in_flight)
        return;
    if (poll(load->event, load->queues, STALL_MS) == 0)
        fail("no completion for %d ms with %u requests in flight", STALL_MS, load->in_flight);
    for (unsigned i = 0; i < load->queues; i++) {
        uint64_t added;
        if (load->event[i].revents && read(load->event[i].fd, &added, sizeof added) == sizeof added)
            load->calls += added;
    }
}

/* Keeps the load up until the time has come, or (if it is ending) until nothing is in flight. */
static void run_until(struct load *load, uint64_t end_ns)
{
    uint64_t progress_ns = load->now_ns;
    while (load->ending ? load->in_flight > 0 : load->now_ns < end_ns) {
        if (turn_all(load)) {
            progress_ns = load->now_ns;
            continue;
        }
        if (load->poll) {
            load->now_ns = nanos(CLOCK_MONOTONIC);
            if (load->now_ns - progress_ns > STALL_MS * 1000000ull)
                fail("no completion for %d ms with %u requests in flight", STALL_MS, load->in_flight);
            continue;
        }
        /* As a driver enables its interrupt: what finished meanwhile makes no call, so look once more. */
        ask_for_calls(load, true);
        if (!turn_all(load))
            sleep_until_called(load);
        ask_for_calls(load, false);
        load->now_ns = nanos(CLOCK_MONOTONIC);
    }
}

static void check(int result, const char *what)
{
    if (result < 0)
        fail("%s: %s", what, blkio_get_error_msg());
}

static void connect_to(struct load *load, const char *socket, uint64_t limit)
{
    uint64_t size;
    /* A request takes three descriptors. */
    int entries = 256;
    while (entries < (int)load->depth * 4)
        entries *= 2;
    check(blkio_create("virtio-blk-vhost-user", &load->blkio), "libblkio");
    check(blkio_set_str(load->blkio, "path", socket), socket);
    /* A disk that is read-only wants a front-end that says it knows. */
    check(blkio_set_bool(load->blkio, "read-only", !load->write), "read-only");
    check(blkio_connect(load->blkio), socket);
    check(blkio_set_int(load->blkio, "num-queues", (int)load->queues), "num-queues");
    check(blkio_set_int(load->blkio, "queue-size", entries), "queue-size");
    check(blkio_start(load->blkio), "start");
    check(blkio_get_uint64(load->blkio, "capacity", &size), "capacity");
    load->blocks = (limit && limit < size ? limit : size) / load->block;
    if (load->blocks == 0)
        fail("the disk is smaller than a block");

    unsigned total = load->queues * load->depth;
    struct blkio_mem_region region;
    check(blkio_alloc_mem_region(load->blkio, &region, total * load->block), "memory");
    check(blkio_map_mem_region(load->blkio, &region), "memory");
    load->requests = calloc(total, sizeof *load->requests);
    load->completions = calloc(load->depth, sizeof *load->completions);
    if (!load->requests || !load->completions)
        fail("out of memory");
    for (unsigned i = 0; i < total; i++) {
        load->requests[i].queue = i / load->depth;
        load->requests[i].data = (char *)region.addr + i * load->block;
        fill((uint64_t *)load->requests[i].data, i * load->block, load->block);
    }
    for (unsigned i = 0; i < load->queues; i++) {
        load->queue[i] = blkio_get_queue(load->blkio, (int)i);
        if (!load->queue[i])
            fail("the backend has no queue %u", i);
        load->event[i].fd = blkioq_get_completion_fd(load->queue[i]);
        load->event[i].events = POLLIN;
    }
    ask_for_calls(load, false);
}

static void run(void)
{
    struct load load = {.random = 0x2545f4914f6cdd1du};
    const char *kind = text("kind", NULL);
    load.write = strcmp(kind, "randwrite") == 0 || strcmp(kind, "write") == 0;
    load.sequential = strncmp(kind, "rand", 4) != 0;
    if (!load.write && strcmp(kind, "randread") != 0 && strcmp(kind, "read") != 0)
        fail("kind=%s is none of read, write, randread, randwrite", kind);
    load.queues = (unsigned)number("queues", "1");
    load.depth = (unsigned)number("depth", "1");
    load.block = number("block", "4096");
    load.poll = number("poll", "0");
    load.verify = number("verify", "0");
    load.random ^= number("seed", "0") * 0x9e3779b97f4a7c15u;
    pid_t pid = (pid_t)number("pid", "0");
    uint64_t warmup_ns = number("warmup-ms", "0") * 1000000u, window_ns = number("ms", "1000") * 1000000u;
    if (load.queues < 1 || load.queues > MAX_QUEUES || load.depth < 1 || load.depth > MAX_DEPTH || !load.block ||
        load.block % 512)
        fail("queues, depth or block is out of range");
    connect_to(&load, text("socket", NULL), number("size", "0"));

    load.now_ns = nanos(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < load.queues * load.depth; i++)
        submit(&load, &load.requests[i]);
    run_until(&load, load.now_ns + warmup_ns);

    memset(histogram, 0, sizeof histogram);
    latency_count = latency_sum = latency_max = load.completed = load.calls = 0;
    struct usage before = usage_now(pid);
    load.now_ns = before.at_ns;
    run_until(&load, before.at_ns + window_ns);
    uint64_t completed = load.completed, calls = load.calls;
    struct usage after = usage_now(pid);

    printf("{\"seconds\":%.6f,\"requests\":%llu,\"bytes\":%llu,\"kicks\":%llu,\"calls\":%llu,"
           "\"latency_us\":{\"mean\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f},"
           "\"backend_cpu_seconds\":%.6f,\"backend_voluntary_switches\":%llu,\"backend_involuntary_switches\":%llu,"
           "\"client_cpu_seconds\":%.6f,\"client_switches\":%llu}\n",
           (double)(after.at_ns - before.at_ns) / 1e9, (unsigned long long)completed,
           (unsigned long long)(completed * load.block), (unsigned long long)(after.client_writes - before.client_writes),
           (unsigned long long)calls,
           latency_count ? (double)latency_sum / (double)latency_count / 1000 : 0, percentile_us(50),
           percentile_us(99), percentile_us(99.9), (double)latency_max / 1000,
           (double)(after.cpu_ns - before.cpu_ns) / 1e9, (unsigned long long)(after.voluntary - before.voluntary),
           (unsigned long long)(after.involuntary - before.involuntary),
           (double)(after.client_cpu_ns - before.client_cpu_ns) / 1e9,
           (unsigned long long)(after.client_switches - before.client_switches));
    fflush(stdout);

    load.ending = true;
    run_until(&load, 0);
    blkio_destroy(&load.blkio);
}

/* ---- The state of the file and the page cache. ---- */

static bool is_resident(int fd, uint64_t size)
{
    bool all = true;
    size_t pages = size / PAGE;
    void *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    unsigned char *there = malloc(pages);
    if (mapped == MAP_FAILED || !there || mincore(mapped, size, there) != 0)
        all = false;
    for (size_t i = 0; all && i < pages; i++)
        all = there[i] & 1;
    if (mapped != MAP_FAILED)
        munmap(mapped, size);
    free(there);
    return all;
}

/*
 * Writes the whole file and leaves it clean (on the disk), and in the page cache in folios of one page (cache=small), in
 * folios as large as the file system makes them (cache=large), or not at all (cache=none). A file system sizes a folio
 * by the write that makes it. With keep=1, a file that is in the page cache as a whole is left alone.
 */
static void prepare(void)
{
    const char *path = text("file", NULL), *cache = text("cache", NULL);
    uint64_t size = number("size", NULL);
    size_t piece = strcmp(cache, "small") == 0 ? PAGE : LARGE;
    struct stat status;
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || fstat(fd, &status) != 0)
        fail("%s: %s", path, strerror(errno));
    if (number("keep", "0") && (uint64_t)status.st_size == size && (strcmp(cache, "none") == 0 || is_resident(fd, size)))
        return;
    uint64_t *data = aligned_alloc(PAGE, LARGE);
    if (!data)
        fail("out of memory");
    fdatasync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    for (uint64_t offset = 0; offset < size; offset += LARGE) {
        fill(data, offset, LARGE);
        for (uint64_t done = 0; done < LARGE && offset + done < size; done += piece)
            if (pwrite(fd, (char *)data + done, piece, (off_t)(offset + done)) != (ssize_t)piece)
                fail("%s: %s", path, errno ? strerror(errno) : "short write");
    }
    if (ftruncate(fd, (off_t)size) != 0 || fdatasync(fd) != 0)
        fail("%s: %s", path, strerror(errno));
    if (strcmp(cache, "none") == 0)
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

/* ---- The limit: copying alone. ---- */

static void copy(void)
{
    uint64_t size = number("size", NULL), block = number("block", "4096"), depth = number("depth", "1");
    uint64_t random = 0x2545f4914f6cdd1du, copies = 0, blocks = size / block, start, now;
    char *from = malloc(size), *to = malloc(block * depth);
    if (!from || !to || !blocks)
        fail("out of memory");
    memset(from, 1, size);
    memset(to, 1, block * depth);
    uint64_t end = (start = nanos(CLOCK_MONOTONIC)) + number("ms", "1000") * 1000000u;
    do {
        for (int i = 0; i < 64; i++, copies++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            memcpy(to + copies % depth * block, from + (random % blocks) * block, block);
            __asm__ volatile("" ::: "memory");
        }
    } while ((now = nanos(CLOCK_MONOTONIC)) < end);
    printf("{\"seconds\":%.6f,\"requests\":%llu,\"bytes\":%llu}\n", (double)(now - start) / 1e9,
           (unsigned long long)copies, (unsigned long long)(copies * block));
}

int main(int argc, char **argv)
{
    words = argc;
    word = argv;
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        run();
    else if (argc > 1 && strcmp(argv[1], "prepare") == 0)
        prepare();
    else if (argc > 1 && strcmp(argv[1], "copy") == 0)
        copy();
    else
        fail("usage:\n"
             "  blk-client run socket=PATH kind=read|write|randread|randwrite [queues=N] [depth=N] [block=BYTES]\n"
             "      [size=BYTES] [warmup-ms=N] [ms=N] [poll=1] [verify=1] [seed=N] [pid=BACKEND]\n"
             "  blk-client prepare file=PATH size=BYTES cache=small|large|none [keep=1]\n"
             "  blk-client copy size=BYTES [block=BYTES] [depth=N] [ms=N]");
    return 0;
}
