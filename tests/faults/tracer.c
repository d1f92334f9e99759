/* Follows a process and everything it starts by ptrace(2), and stops it before every change below one folder:
 * its own, SQLite's, and those of programs that make system calls themselves, as restic does.
 *
 * Loaded into the test by ctypes. A forked child calls faults_begin, its parent faults_follow, which returns when all
 * that was started has ended. Every change has a line in the file of names: a letter, upper case when another program
 * than the child's makes it, the path, where a rename leads to, and how its program was called. The letters: o a new
 * file, w write, t truncate, s fsync, y syncfs, r rename, u unlink or rmdir, m mkdir.
 *
 *   mode 0  nothing is harmed
 *   mode 1  before change `at` everything is killed at once
 *   mode 2  before change `at` the process that would make it is killed, alone
 *   mode 3  change `at` fails with `error`, and no other
 *   mode 4  change `at` and all later ones that need room fail with `error`
 *
 * With a log each change that was made is written down, in one order, as recorder.c writes it (y: all was synced).
 * A seccomp(2) filter lets everything else run at full speed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#ifndef __x86_64__
#error "the registers are those of x86-64"
#endif

enum { NONE, KILL_ALL, KILL_ONE, FAIL_ONE, FULL };
enum { MOST = 4096 };
typedef struct user_regs_struct Registers;
typedef struct { pid_t pid; int foreign; } Known;
typedef struct {
  int mode; long at; int error;
  const char *like, *program; /* only changes like this one are counted: letter, space, glob of the path below the root */
  long count, total, reached; int unsupported;
} Faults;
typedef struct { char kind; char one[PATH_MAX], two[PATH_MAX]; int64_t offset; int skips_log; } Change;

static char root[PATH_MAX];
static size_t root_length;
static FILE *log_file, *names_file;
static char words[4097]; /* by which the program was called that makes a change */
static Known known[MOST];
static int known_count;

#define TRACED(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)
#define ARGUMENT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))
/* Only with one of the bits of `mask` in argument n. */
#define TRACED_IF(nr, n, mask) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 4), ARGUMENT(n), \
  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE), \
  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int faults_begin(void) {
  struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    TRACED_IF(SYS_openat, 2, O_CREAT | O_TRUNC), TRACED_IF(SYS_open, 1, O_CREAT | O_TRUNC), TRACED(SYS_creat),
    TRACED(SYS_write), TRACED(SYS_pwrite64), TRACED(SYS_writev), TRACED(SYS_pwritev), TRACED(SYS_pwritev2),
    TRACED(SYS_ftruncate), TRACED(SYS_truncate), TRACED(SYS_fallocate), TRACED(SYS_sendfile),
    TRACED(SYS_copy_file_range), TRACED(SYS_splice), TRACED(SYS_fsync), TRACED(SYS_fdatasync), TRACED(SYS_syncfs),
    TRACED(SYS_rename), TRACED(SYS_renameat), TRACED(SYS_renameat2), TRACED(SYS_unlink), TRACED(SYS_unlinkat),
    TRACED(SYS_rmdir), TRACED(SYS_mkdir), TRACED(SYS_mkdirat), TRACED(SYS_link), TRACED(SYS_linkat),
    TRACED(SYS_symlink), TRACED(SYS_symlinkat), TRACED_IF(SYS_mmap, 3, MAP_SHARED),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (ptrace(PTRACE_TRACEME, 0, 0, 0)) return -1;
  raise(SIGSTOP);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int below(const char *path) {
  return !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

static int link_of(pid_t pid, const char *what, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/%d/%s", pid, what);
  ssize_t n = readlink(link, path, PATH_MAX - 1);
  path[n > 0 ? n : 0] = 0;
  return n > 0;
}

static int path_of(pid_t pid, int fd, char *path, int *is_gone) {
  char what[32];
  snprintf(what, sizeof what, "fd/%d", fd);
  if (!link_of(pid, what, path)) return 0;
  char *gone = strstr(path, " (deleted)");
  if (gone) *gone = 0;
  if (is_gone) *is_gone = gone != NULL;
  return below(path);
}

static int read_text(pid_t pid, uint64_t address, char *text) {
  for (size_t n = 0; n < PATH_MAX - 1;) {
    size_t step = 256 - (address + n) % 256;
    if (step > PATH_MAX - 1 - n) step = PATH_MAX - 1 - n;
    struct iovec own = {text + n, step}, other = {(void *)(address + n), step};
    if (process_vm_readv(pid, &own, 1, &other, 1, 0) != (ssize_t)step) return 0;
    if (memchr(text + n, 0, step)) return 1;
    n += step;
  }
  return 0;
}

static int name_of(pid_t pid, int folder, uint64_t address, char *out) {
  static char text[PATH_MAX], base[PATH_MAX], joined[2 * PATH_MAX];
  if (!read_text(pid, address, text)) return 0;
  if (text[0] == '/') snprintf(joined, sizeof joined, "%s", text);
  else {
    if (folder == AT_FDCWD ? !link_of(pid, "cwd", base) : !path_of(pid, folder, base, NULL)) return 0;
    snprintf(joined, sizeof joined, "%s/%s", base, text);
  }
  size_t n = strlen(joined);
  while (n > 1 && joined[n - 1] == '/') joined[--n] = 0;
  char *slash = strrchr(joined, '/');
  *slash = 0;
  if (!realpath(joined[0] ? joined : "/", base)) return 0;
  snprintf(out, PATH_MAX, "%.*s/%.255s", PATH_MAX - 300, base, slash + 1);
  return below(out);
}

static int exists(const char *path) { struct stat s; return !lstat(path, &s); }

static int64_t position_of(pid_t pid, int fd) {
  char name[64], line[128];
  int64_t position = 0;
  unsigned flags = 0;
  snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", pid, fd);
  FILE *file = fopen(name, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    sscanf(line, "pos: %ld", &position);
    sscanf(line, "flags: %o", &flags);
  }
  fclose(file);
  snprintf(name, sizeof name, "/proc/%d/fd/%d", pid, fd);
  struct stat s;
  return flags & O_APPEND && !stat(name, &s) ? s.st_size : position;
}

static int opening(pid_t pid, int folder, uint64_t path, int flags, Change *change) {
  if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !name_of(pid, folder, path, change->one)) return 0;
  int there = exists(change->one);
  if (there && (!(flags & O_TRUNC) || (flags & O_EXCL && flags & O_CREAT))) return 0;
  if (!there && !(flags & O_CREAT)) return 0;
  change->kind = there ? 't' : 'o';
  return 1;
}

static int to_open_file(pid_t pid, int fd, char kind, int64_t offset, Change *change) {
  int gone = 0;
  if (!path_of(pid, fd, change->one, &gone)) return 0;
  change->kind = kind;
  change->offset = offset;
  change->skips_log = gone;
  return 1;
}

/* Room that is taken beforehand: of that a log tells only that the file is longer now. */
static int taking_room(pid_t pid, int fd, int mode, int64_t end, Change *change) {
  char name[64];
  struct stat s;
  snprintf(name, sizeof name, "/proc/%d/fd/%d", pid, fd);
  if (!to_open_file(pid, fd, 't', end, change)) return 0;
  if (mode & ~FALLOC_FL_KEEP_SIZE) return -1;
  if (mode || stat(name, &s) || s.st_size >= end) change->skips_log = 1;
  return 1;
}

static int renaming(pid_t pid, int from_folder, uint64_t from, int to_folder, uint64_t to, Change *change) {
  change->kind = 'r';
  int leaves = name_of(pid, from_folder, from, change->one), comes = name_of(pid, to_folder, to, change->two);
  return leaves && comes && exists(change->one);
}

static int naming(pid_t pid, int folder, uint64_t path, char kind, Change *change) {
  change->kind = kind;
  return name_of(pid, folder, path, change->one) && exists(change->one) == (kind == 'u');
}

/* Says what a system call would change below the root, 0 for nothing, -1 for what no log tells. */
static int change_of(pid_t pid, const Registers *r, Change *change) {
  int fd = (int)r->rdi;
  memset(change, 0, sizeof *change);
  switch (r->orig_rax) {
    case SYS_openat: return opening(pid, fd, r->rsi, (int)r->rdx, change);
    case SYS_open: return opening(pid, AT_FDCWD, r->rdi, (int)r->rsi, change);
    case SYS_creat: return opening(pid, AT_FDCWD, r->rdi, O_CREAT | O_TRUNC, change);
    case SYS_write: return path_of(pid, fd, change->one, NULL) && to_open_file(pid, fd, 'w', position_of(pid, fd), change);
    case SYS_pwrite64: return to_open_file(pid, fd, 'w', (int64_t)r->r10, change);
    case SYS_ftruncate: return to_open_file(pid, fd, 't', (int64_t)r->rsi, change);
    case SYS_fallocate: return taking_room(pid, fd, (int)r->rsi, (int64_t)(r->rdx + r->r10), change);
    case SYS_fsync: case SYS_fdatasync: return to_open_file(pid, fd, 's', 0, change);
    case SYS_syncfs: return to_open_file(pid, fd, 'y', 0, change);
    case SYS_rename: return renaming(pid, AT_FDCWD, r->rdi, AT_FDCWD, r->rsi, change);
    case SYS_renameat: case SYS_renameat2: return renaming(pid, fd, r->rsi, (int)r->rdx, r->r10, change);
    case SYS_unlink: case SYS_rmdir: return naming(pid, AT_FDCWD, r->rdi, 'u', change);
    case SYS_unlinkat: return naming(pid, fd, r->rsi, 'u', change);
    case SYS_mkdir: return naming(pid, AT_FDCWD, r->rdi, 'm', change);
    case SYS_mkdirat: return naming(pid, fd, r->rsi, 'm', change);
    case SYS_mmap: /* SQLite's index of its log is shared memory in a file, and made anew whenever it is opened first */
      return (r->rdx & PROT_WRITE) && path_of(pid, (int)r->r8, change->one, NULL) && !strstr(change->one, "-shm") ? -1 : 0;
    case SYS_copy_file_range: case SYS_splice: fd = (int)r->rdx; /* fall through */
    case SYS_writev: case SYS_pwritev: case SYS_pwritev2: case SYS_sendfile:
      return path_of(pid, fd, change->one, NULL) ? -1 : 0;
    case SYS_truncate: case SYS_link: return name_of(pid, AT_FDCWD, r->rdi, change->one) ? -1 : 0;
    case SYS_linkat: return name_of(pid, (int)r->rdx, r->r10, change->one) ? -1 : 0;
    case SYS_symlink: return name_of(pid, AT_FDCWD, r->rsi, change->one) ? -1 : 0;
    case SYS_symlinkat: return name_of(pid, (int)r->rsi, r->rdx, change->one) ? -1 : 0;
  }
  return 0;
}

static void put(char kind, int64_t offset, const char *one, const char *two, const void *data, size_t size) {
  uint32_t n1 = (uint32_t)strlen(one), n2 = (uint32_t)strlen(two), rest = 33 + n1 + n2 + (uint32_t)size;
  uint64_t inodes[2] = {0, 0};
  fwrite(&rest, 4, 1, log_file); fwrite(&kind, 1, 1, log_file); fwrite(inodes, 16, 1, log_file); fwrite(&offset, 8, 1, log_file);
  fwrite(&n1, 4, 1, log_file); fwrite(one, 1, n1, log_file); fwrite(&n2, 4, 1, log_file); fwrite(two, 1, n2, log_file);
  fwrite(data, 1, size, log_file);
}

static void write_down(pid_t pid, const Registers *before, const Change *change, int64_t result) {
  if (result < 0 || change->skips_log) {
    put('n', 0, change->one, change->two, NULL, 0);
    return;
  }
  if (change->kind != 'w') {
    put(change->kind == 'o' ? 'c' : change->kind, change->offset, change->one, change->two, NULL, 0);
    return;
  }
  char *data = malloc((size_t)result + 1);
  struct iovec own = {data, (size_t)result}, other = {(void *)before->rsi, (size_t)result};
  if (process_vm_readv(pid, &own, 1, &other, 1, 0) == result) put('w', change->offset, change->one, "", data, (size_t)result);
  else put('?', 0, change->one, "", NULL, 0);
  free(data);
}

/* Lets one system call happen while nobody else may make one, and says what came of it. */
static int64_t performed(pid_t pid, int *is_over, int *status) {
  Registers after;
  *is_over = 0;
  ptrace(PTRACE_SYSCALL, pid, 0, 0);
  while (waitpid(pid, status, __WALL) == pid) {
    if (!WIFSTOPPED(*status)) { *is_over = 1; return -1; }
    if (WSTOPSIG(*status) == (SIGTRAP | 0x80)) break;
    ptrace(PTRACE_SYSCALL, pid, 0, *status >> 16 ? 0 : WSTOPSIG(*status));
  }
  return ptrace(PTRACE_GETREGS, pid, 0, &after) ? -1 : (int64_t)after.rax;
}

static Known *find(pid_t pid) {
  for (int n = 0; n < known_count; n++) if (known[n].pid == pid) return &known[n];
  return NULL;
}

static Known *meet(pid_t pid, pid_t child) {
  char name[64], line[128];
  int group = pid;
  snprintf(name, sizeof name, "/proc/%d/status", pid);
  FILE *file = fopen(name, "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "Tgid: %d", &group);
  if (file) fclose(file);
  if (known_count == MOST) abort();
  known[known_count] = (Known){pid, group != child};
  return &known[known_count++];
}

static void forget(pid_t pid) {
  Known *one = find(pid);
  if (one) *one = known[--known_count];
}

static void refuse(pid_t pid, Registers *r, int error) {
  r->orig_rax = (unsigned long long)-1;
  r->rax = (unsigned long long)-(int64_t)error;
  ptrace(PTRACE_SETREGS, pid, 0, r);
}

static int is_meant(char letter, const Change *change, const Faults *faults) {
  if (!faults->like) return 1;
  return letter == faults->like[0] && !fnmatch(faults->like + 2, change->one + root_length, FNM_PATHNAME) && strstr(words, faults->program);
}

/* Does the harm that is due before this change; says whether the process is to be left alone now. */
static int harmed(pid_t pid, Registers *r, char letter, const Change *change, Faults *faults) {
  int counts = is_meant(letter, change, faults), needs_room = strchr("owtm", change->kind) != NULL;
  faults->count += counts;
  int is_it = counts && faults->count == faults->at;
  if (is_it) faults->reached = faults->total;
  if (is_it && faults->mode == KILL_ALL) for (int n = 0; n < known_count; n++) kill(known[n].pid, SIGKILL);
  if (is_it && faults->mode == KILL_ONE) kill(pid, SIGKILL);
  if (is_it && (faults->mode == KILL_ALL || faults->mode == KILL_ONE)) return 1;
  if ((is_it && faults->mode == FAIL_ONE) || (faults->mode == FULL && faults->reached && needs_room))
    refuse(pid, r, faults->error);
  return 0;
}

/* Writes the change's line: letter, path, where a rename leads to, and the words by which its program was called. */
static void name_it(pid_t pid, char letter, const Change *change) {
  char name[64];
  size_t n = 0;
  snprintf(name, sizeof name, "/proc/%d/cmdline", pid);
  FILE *file = fopen(name, "rb");
  if (file) { n = fread(words, 1, sizeof words - 1, file); fclose(file); }
  words[n] = 0;
  for (size_t i = 0; i < n; i++) if ((unsigned char)words[i] < ' ') words[i] = ' ';
  fprintf(names_file, "%c\t%s\t%s\t%.*s\n", letter, change->one, change->two, (int)n, words);
}

static int met(pid_t pid, Faults *faults, int *status) {
  Registers r;
  Change change;
  if (ptrace(PTRACE_GETREGS, pid, 0, &r)) return 0;
  int changes = change_of(pid, &r, &change);
  if (changes < 0) faults->unsupported = (int)r.orig_rax;
  if (changes <= 0) { ptrace(PTRACE_CONT, pid, 0, 0); return 0; }
  Known *one = find(pid);
  char letter = (char)(one && one->foreign ? change.kind & ~32 : change.kind);
  faults->total++;
  name_it(pid, letter, &change);
  if (harmed(pid, &r, letter, &change, faults)) return 0;
  if (!log_file || r.orig_rax == (unsigned long long)-1) { ptrace(PTRACE_CONT, pid, 0, 0); return 0; }
  int is_over;
  int64_t result = performed(pid, &is_over, status);
  if (is_over) return 1;
  write_down(pid, &r, &change, result);
  ptrace(PTRACE_CONT, pid, 0, 0);
  return 0;
}

/* Gives the wait status of the child, or -1 when it could not be followed. */
int faults_follow(pid_t child, const char *folder, const char *log_path, const char *names_path, Faults *faults) {
  int status, ended = -1;
  const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (!realpath(folder, root) || waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status)) return -1;
  root_length = strlen(root);
  known_count = 0;
  if (log_path && !(log_file = fopen(log_path, "wb"))) return -1;
  if (!(names_file = fopen(names_path, "wb"))) return -1;
  if (ptrace(PTRACE_SETOPTIONS, child, 0, options)) return -1;
  meet(child, child);
  ptrace(PTRACE_CONT, child, 0, 0);
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    int is_new = WIFSTOPPED(status) && !find(pid);
    if (is_new) meet(pid, child);
    if (WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) && !met(pid, faults, &status)) continue;
    if (!WIFSTOPPED(status)) {
      if (pid == child) ended = status;
      forget(pid);
    } else ptrace(PTRACE_CONT, pid, 0, status >> 16 || (is_new && WSTOPSIG(status) == SIGSTOP) ? 0 : WSTOPSIG(status) & 0x7f);
  }
  if (log_file) { fclose(log_file); log_file = NULL; }
  fclose(names_file);
  return ended;
}
