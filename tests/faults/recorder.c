/* Preloaded into a process under test: writes down, in order, every change it makes below FAULTS_ROOT,
 * and can fail or forget one operation.
 *
 *   FAULTS_ROOT    only paths below this folder count
 *   FAULTS_LOG     appended to, one write(2) a record, so that several processes share one order
 *   FAULTS_FAIL    "fsync:12:5"  the 12th counted fsync below the root fails with errno 5;
 *                  "fsync:12:-9"  the process is killed by signal 9 before it
 *   FAULTS_KILL    "mkdir:1"  SIGKILL right after the first folder that was made below the root
 *   FAULTS_COUNT   every counted operation adds a byte to this file, named by its first letter
 *   FAULTS_FORGET  "file" or "folder": fsyncs of files or of folders are done but not written down,
 *                  as if the line that calls them had been removed
 *
 * Record: u32 length of the rest | u8 operation | u64 inode a | u64 inode b | i64 offset | u32 path bytes | path |
 *         u32 second path bytes | second path | data
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1, count_fd = -1, forget;
static char fail_name[16];
static long fail_at, fail_errno, counted, kill_at, made_folders;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, order = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, type) static __typeof__(type) *real; if (!real) real = (__typeof__(type) *)dlsym(RTLD_NEXT, #name)

static ssize_t raw_write(int fd, const void *data, size_t size) {
  REAL(write, ssize_t (int, const void *, size_t));
  return real(fd, data, size);
}

/* At the start, and once more in a process that was forked to be told something of its own. */
__attribute__((constructor)) void faults_begin(void) {
  const char *value = getenv("FAULTS_ROOT");
  if (!value || !realpath(value, root)) return;
  root_length = strlen(root);
  REAL(open, int (const char *, int, ...));
  if ((value = getenv("FAULTS_LOG"))) log_fd = fcntl(real(value, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600), F_DUPFD_CLOEXEC, 900);
  if ((value = getenv("FAULTS_COUNT"))) count_fd = fcntl(real(value, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600), F_DUPFD_CLOEXEC, 901);
  if ((value = getenv("FAULTS_FAIL"))) sscanf(value, "%15[a-z]:%ld:%ld", fail_name, &fail_at, &fail_errno);
  if ((value = getenv("FAULTS_KILL"))) sscanf(value, "mkdir:%ld", &kill_at);
  if ((value = getenv("FAULTS_FORGET"))) forget = value[1] == 'i' ? 1 : 2;
}

static int below(const char *path) {
  return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  if (n < 0) return 0;
  path[n] = 0;
  char *gone = strstr(path, " (deleted)");
  if (gone) *gone = 0;
  return below(path);
}

static int absolute(int folder, const char *path, char *out) {
  char base[PATH_MAX], joined[2 * PATH_MAX];
  if (path[0] == '/') snprintf(joined, sizeof joined, "%s", path);
  else {
    if (folder == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
    else if (!path_of(folder, base)) return 0;
    snprintf(joined, sizeof joined, "%s/%s", base, path);
  }
  char *slash = strrchr(joined, '/');
  char name[PATH_MAX];
  snprintf(name, sizeof name, "%s", slash + 1);
  *slash = 0;
  if (!realpath(joined[0] ? joined : "/", base)) return 0;
  snprintf(out, PATH_MAX, "%s/%s", base, name);
  return below(out);
}

static int fails(const char *name) {
  int hit = 0;
  if (count_fd >= 0) raw_write(count_fd, name, 1);
  if (fail_at && !strcmp(name, fail_name)) {
    pthread_mutex_lock(&lock);
    hit = ++counted == fail_at;
    pthread_mutex_unlock(&lock);
  }
  if (hit && fail_errno < 0) kill(getpid(), (int)-fail_errno);
  if (hit) errno = (int)fail_errno;
  return hit;
}

static uint64_t inode_of(int fd) { struct stat s; return fstat(fd, &s) ? 0 : s.st_ino; }
static uint64_t inode_at(const char *path) { struct stat s; return lstat(path, &s) ? 0 : s.st_ino; }

static void put(char kind, uint64_t a, uint64_t b, int64_t offset, const char *one, const char *two, const void *data, size_t size) {
  if (log_fd < 0) return;
  uint32_t n1 = one ? (uint32_t)strlen(one) : 0, n2 = two ? (uint32_t)strlen(two) : 0;
  uint32_t rest = 1 + 8 + 8 + 8 + 4 + n1 + 4 + n2 + (uint32_t)size;
  char *record = malloc(4 + rest), *at = record;
#define ADD(p, n) (memcpy(at, p, n), at += n)
  ADD(&rest, 4); ADD(&kind, 1); ADD(&a, 8); ADD(&b, 8); ADD(&offset, 8);
  ADD(&n1, 4); if (n1) ADD(one, n1);
  ADD(&n2, 4); if (n2) ADD(two, n2);
  if (size) ADD(data, size);
  raw_write(log_fd, record, 4 + rest);
  free(record);
}

/* A name changes and is written down as one act, or another process could use it before the log knows of it.
 * The lock is fcntl's, which belongs to a process: a flock would be shared with what was forked from it. */
static void lock_log(short type) {
  struct flock whole = {.l_type = type};
  while (log_fd >= 0 && fcntl(log_fd, F_SETLKW, &whole) && errno == EINTR) {}
}
static void begin_act(int counts) { if (counts) { pthread_mutex_lock(&order); lock_log(F_WRLCK); } }
static void end_act(int counts) { if (counts) { lock_log(F_UNLCK); pthread_mutex_unlock(&order); } }

static int opened(int fd, int flags, const char *full, int existed) {
  if (fd >= 0 && full[0]) {
    if (!existed) put('c', inode_of(fd), 0, 0, full, NULL, NULL, 0);
    if (flags & O_TRUNC) put('t', inode_of(fd), 0, 0, full, NULL, NULL, 0);
  }
  return fd;
}

static int open_any(int folder, const char *path, int flags, mode_t mode) {
  REAL(openat, int (int, const char *, int, ...));
  char full[PATH_MAX] = "";
  int existed = 1;
  if (root_length && (flags & (O_CREAT | O_TRUNC))) {
    if (!absolute(folder, path, full)) full[0] = 0;
    else {
      existed = inode_at(full) != 0;
      if (!existed && fails("open")) return -1;
    }
  }
  begin_act(full[0]);
  int fd = opened(real(folder, path, flags, mode), flags, full, existed);
  end_act(full[0]);
  return fd;
}

#define OPEN(name, before, folder, path) \
  int name before { mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); } return open_any(folder, path, flags, mode); }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path)
OPEN(openat, (int folder, const char *path, int flags, ...), folder, path)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder, path)

ssize_t write(int fd, const void *data, size_t size) {
  char path[PATH_MAX];
  if (!root_length || !path_of(fd, path)) return raw_write(fd, data, size);
  if (fails("write")) return -1;
  int64_t offset = fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
  ssize_t n = raw_write(fd, data, size);
  if (n > 0) put('w', inode_of(fd), 0, offset, path, NULL, data, (size_t)n);
  return n;
}

static ssize_t pwrite_any(int fd, const void *data, size_t size, off_t offset) {
  REAL(pwrite64, ssize_t (int, const void *, size_t, off_t));
  char path[PATH_MAX];
  int counts = root_length && path_of(fd, path);
  if (counts && fails("write")) return -1;
  ssize_t n = real(fd, data, size, offset);
  if (counts && n > 0) put('w', inode_of(fd), 0, offset, path, NULL, data, (size_t)n);
  return n;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite_any(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return pwrite_any(fd, data, size, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev, ssize_t (int, const struct iovec *, int));
  char path[PATH_MAX];
  if (!root_length || !path_of(fd, path)) return real(fd, parts, count);
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t n = write(fd, parts[i].iov_base, parts[i].iov_len);
    if (n < 0) return total ? total : -1;
    total += n;
    if ((size_t)n < parts[i].iov_len) break;
  }
  return total;
}

static int truncated(int fd, off_t size) {
  REAL(ftruncate64, int (int, off_t));
  char path[PATH_MAX];
  int counts = root_length && path_of(fd, path);
  int result = real(fd, size);
  if (counts && !result) put('t', inode_of(fd), 0, size, path, NULL, NULL, 0);
  return result;
}
int ftruncate(int fd, off_t size) { return truncated(fd, size); }
int ftruncate64(int fd, off_t size) { return truncated(fd, size); }

static int synced(int fd, int (*real)(int)) {
  char path[PATH_MAX];
  if (!root_length || !path_of(fd, path)) return real(fd);
  if (fails("fsync")) return -1;
  int result = real(fd);
  struct stat s;
  fstat(fd, &s);
  int forgotten = S_ISDIR(s.st_mode) ? forget == 2 : forget == 1;
  if (!result && !forgotten) put('s', s.st_ino, 0, 0, path, NULL, NULL, 0);
  return result;
}
int fsync(int fd) { REAL(fsync, int (int)); return synced(fd, real); }
int fdatasync(int fd) { REAL(fdatasync, int (int)); return synced(fd, real); }

static int renamed(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  REAL(renameat2, int (int, const char *, int, const char *, unsigned));
  char one[PATH_MAX], two[PATH_MAX];
  int counts = root_length && absolute(from_folder, from, one) && absolute(to_folder, to, two);
  if (counts && fails("rename")) return -1;
  begin_act(counts);
  uint64_t inode = counts ? inode_at(one) : 0;
  int result = real(from_folder, from, to_folder, to, flags);
  if (counts && !result) put('r', inode, 0, 0, one, two, NULL, 0);
  end_act(counts);
  return result;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return renamed(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return renamed(a, from, b, to, flags); }

static int unlinked(int folder, const char *path, int flags) {
  REAL(unlinkat, int (int, const char *, int));
  char full[PATH_MAX];
  int counts = root_length && absolute(folder, path, full);
  if (counts && fails("unlink")) return -1;
  begin_act(counts);
  int result = real(folder, path, flags);
  if (counts && !result) put('u', 0, 0, 0, full, NULL, NULL, 0);
  end_act(counts);
  return result;
}
int unlink(const char *path) { return unlinked(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return unlinked(folder, path, flags); }
int rmdir(const char *path) { return unlinked(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) { struct stat s; return unlinked(AT_FDCWD, path, !lstat(path, &s) && S_ISDIR(s.st_mode) ? AT_REMOVEDIR : 0); }

static int made(int folder, const char *path, mode_t mode) {
  REAL(mkdirat, int (int, const char *, mode_t));
  char full[PATH_MAX];
  int counts = root_length && absolute(folder, path, full);
  if (counts && fails("mkdir")) return -1;
  begin_act(counts);
  int result = real(folder, path, mode);
  if (counts && !result) put('m', inode_at(full), 0, 0, full, NULL, NULL, 0);
  if (counts && !result && ++made_folders == kill_at) kill(getpid(), SIGKILL);
  end_act(counts);
  return result;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return made(folder, path, mode); }
