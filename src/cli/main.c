/* main.c: the command `optic`. It sees <optic.h> alone.
 *
 * In: the command line, a script (file, argument or standard input). Out: results on standard output, all else on
 * standard error; exit code 0, 1 (the script is wrong), 2 (the command line is), 130 (interrupted).
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <optic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "progress.h"

enum { EXIT_SCRIPT = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

static const char usage[] = "usage: optic [run] FILE [ARGS]   run a script; `-` reads it from standard input\n"
                            "       optic -e TEXT [ARGS]      run a text\n"
                            "       optic check FILE          show all errors without running anything\n"
                            "       optic dis FILE            show the bytecode (also: optic dis -e TEXT)\n"
                            "       optic --version | --help\n"
                            "options, before FILE:\n"
                            "  -q, --quiet                    no progress bars\n"
                            "exit codes: 0 fine, 1 the script is wrong, 2 wrong usage, 130 interrupted\n";

/* ---- what the command line asks for --------------------------------------------------------------------------- */
typedef enum Task { RUN, CHECK, DIS } Task;

typedef struct Command {
  Task task;
  bool quiet;
  const char *text; /* -e */
  const char *file; /* NULL with `text`; "-" is standard input */
  char **args;
  size_t arg_count;
} Command;

static int say(const char *text)
{
  return output_all(STDOUT_FILENO, text, strlen(text)) || errno == EPIPE ? 0 : EXIT_SCRIPT;
}

static int wrong_usage(const char *what, const char *which)
{
  char line[512];
  int n =
      snprintf(line, sizeof line, "optic: %s%s%s%s\n", what, which ? " `" : "", which ? which : "", which ? "`" : "");
  output_all(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
  output_all(STDERR_FILENO, usage, sizeof usage - 1);
  return EXIT_USAGE;
}

/* Returns -1 where there is something to run, else the exit code. */
static int read_command(int argc, char **argv, Command *command)
{
  int i = 1;
  *command = (Command){.task = RUN};
  if (i < argc && strcmp(argv[i], "run") == 0) {
    i++;
  } else if (i < argc && strcmp(argv[i], "check") == 0) {
    command->task = CHECK;
    i++;
  } else if (i < argc && strcmp(argv[i], "dis") == 0) {
    command->task = DIS;
    i++;
  }
  bool bare = i == 1;
  for (; i < argc && !command->file && !command->text; i++) {
    const char *arg = argv[i];
    if (strcmp(arg, "-q") == 0 || strcmp(arg, "--quiet") == 0) {
      command->quiet = true;
    } else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
      return say(usage);
    } else if (strcmp(arg, "-V") == 0 || strcmp(arg, "--version") == 0) {
      char line[64];
      snprintf(line, sizeof line, "optic %s\n", optic_version());
      return say(line);
    } else if (strcmp(arg, "-e") == 0) {
      if (++i == argc) {
        return wrong_usage("a text must follow", "-e");
      }
      command->text = argv[i];
    } else if (strcmp(arg, "--") == 0) {
      if (++i == argc) {
        return wrong_usage("a file must follow", "--");
      }
      command->file = argv[i];
    } else if (arg[0] == '-' && arg[1]) {
      return wrong_usage("no option", arg);
    } else {
      command->file = arg;
    }
  }
  command->args = argv + i;
  command->arg_count = (size_t)(argc - i);
  if (!command->file && !command->text) {
    if (!bare) {
      return wrong_usage("no file given", NULL);
    }
    if (isatty(STDIN_FILENO)) {
      return say(usage);
    }
    command->file = "-";
  }
  return -1;
}

/* ---- interruption ------------------------------------------------------------------------------------------- */
static optic_context *volatile running; /* for the signal handler; NULL: nothing to interrupt */
static volatile sig_atomic_t interrupts;

/* The first Ctrl-C asks the script to stop in good order; the second does not wait. */
static void on_interrupt(int signal_number)
{
  int saved = errno;
  (void)signal_number;
  if (++interrupts > 1 || !running) {
    if (progress_drawn()) {
      output_all(STDERR_FILENO, "\n", 1);
    }
    _exit(EXIT_INTERRUPTED);
  }
  optic_interrupt(running);
  errno = saved;
}

static void catch_signals(void)
{
  struct sigaction action = {0};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART; /* a file that is being read is no victim */
  action.sa_handler = on_interrupt;
  struct sigaction old;
  if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN) { /* nohup and `&` ignore it: so do we */
    sigaction(SIGINT, &action, NULL);
  }
  action.sa_handler = SIG_IGN; /* EPIPE tells as much, and lets the script end in good order */
  sigaction(SIGPIPE, &action, NULL);
}

/* Ends as a program whose reader went away does. */
static void die_of_broken_pipe(void)
{
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
}

/* ---- running ------------------------------------------------------------------------------------------------ */
/* All of standard input; NULL with errno. The caller frees it. */
static char *read_stdin(size_t *size)
{
  enum { MOST = 1 << 28 }; /* the library refuses far less, and says so */
  size_t cap = 1 << 14;
  char *text = malloc(cap);
  *size = 0;
  while (text && *size < MOST) {
    if (*size == cap) {
      char *more = realloc(text, cap * 2);
      if (!more) {
        break;
      }
      text = more;
      cap *= 2;
    }
    ssize_t n = read(STDIN_FILENO, text + *size, cap - *size);
    if (n == 0) {
      return text;
    }
    if (n > 0) {
      *size += (size_t)n;
    } else if (errno != EINTR) {
      int error = errno;
      free(text);
      errno = error;
      return NULL;
    }
  }
  free(text);
  errno = ENOMEM;
  return NULL;
}

static optic_status perform_text(optic_context *optic, Task task, const char *name, const char *text, size_t size)
{
  return task == RUN     ? optic_run_text(optic, name, text, size)
         : task == CHECK ? optic_check_text(optic, name, text, size)
                         : optic_dis_text(optic, name, text, size);
}

static optic_status perform_file(optic_context *optic, Task task, const char *path)
{
  return task == RUN     ? optic_run_file(optic, path)
         : task == CHECK ? optic_check_file(optic, path)
                         : optic_dis_file(optic, path);
}

static int complain(const char *what, const char *why)
{
  fprintf(stderr, "optic: %s%s%s\n", what, why ? ": " : "", why ? why : "");
  return EXIT_SCRIPT;
}

static int run(const Command *command, Output *out)
{
  char *input = NULL;
  size_t input_size = 0;
  /* Read before signals are caught: Ctrl-C at the prompt of a terminal simply ends the process. */
  if (command->file && strcmp(command->file, "-") == 0 && !(input = read_stdin(&input_size))) {
    return complain("cannot read standard input", strerror(errno));
  }
  optic_config config = optic_config_default();
  config.write = output_write;
  config.write_user = out;
  config.colour = output_colour();
  config.show_values = command->text != NULL; /* -e shows what a REPL would */
  config.arg_count = command->arg_count;
  config.args = (const char *const *)command->args;
  optic_context *optic = optic_create(&config);
  if (!optic) {
    free(input);
    return complain("out of memory", NULL);
  }
  running = optic;
  catch_signals();
  optic_status status;
  if (command->text) {
    status = perform_text(optic, command->task, "<argument>", command->text, strlen(command->text));
  } else if (input) {
    status = perform_text(optic, command->task, "<stdin>", input, input_size);
  } else {
    status = perform_file(optic, command->task, command->file);
  }
  running = NULL;
  bool written = output_flush(out);
  optic_destroy(optic);
  free(input);
  if (out->broken_pipe) {
    die_of_broken_pipe();
  }
  if (status == OPTIC_INTERRUPTED) {
    return EXIT_INTERRUPTED;
  }
  if (!written) {
    return complain("cannot write to standard output", strerror(out->error));
  }
  if (status == OPTIC_OOM || status == OPTIC_MISUSE) {
    return complain(optic_status_text(status), NULL);
  }
  return status == OPTIC_OK ? EXIT_SUCCESS : EXIT_SCRIPT;
}

int main(int argc, char **argv)
{
  static Output out;
  Command command;
  int code = read_command(argc, argv, &command);
  if (code >= 0) {
    return code;
  }
  output_init(&out, command.quiet);
  return run(&command, &out);
}
