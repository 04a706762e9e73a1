/* termios, signals and a few escapes; see top_terminal.h. */
#include "top_terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT    24
#define KEY_BYTES       64

#define SCREEN_BEGIN "\033[?1049h\033[?25l"
#define SCREEN_END   "\033[?25h\033[?1049l"
#define CURSOR_HOME  "\033[H"
#define LINE_REST    "\033[K"
#define SCREEN_REST  "\033[J"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static struct termios saved;
static bool keys; /* standard input is a terminal, and was changed */
static bool screen;
static volatile sig_atomic_t caught; /* the signal, or 0 */

static void catch (int number)
{
    if (number != SIGWINCH)
        caught = number;
}

static void catch_all(void)
{
    struct sigaction action = {.sa_handler = catch};

    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        (void)sigaction(ending[i], &action, NULL);
    /* It interrupts the wait for a key, so that the screen is drawn anew. */
    (void)sigaction(SIGWINCH, &action, NULL);
}

bool weft_top_terminal_open(void)
{
    if (!isatty(STDOUT_FILENO))
        return false;
    catch_all();
    keys = tcgetattr(STDIN_FILENO, &saved) == 0;
    if (keys) {
        struct termios raw = saved;

        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 0;
        raw.c_cc[VTIME] = 0;
        /* Stopped in the middle, it would leave the terminal as it is. */
        raw.c_cc[VSUSP] = _POSIX_VDISABLE;
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    screen = true;
    (void)fputs(SCREEN_BEGIN, stdout);
    (void)fflush(stdout);
    return true;
}

void weft_top_terminal_close(void)
{
    if (!screen)
        return;
    screen = false;
    (void)fputs(SCREEN_END, stdout);
    (void)fflush(stdout);
    if (keys)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    keys = false;
    if (caught != 0) {
        (void)signal(caught, SIG_DFL);
        (void)raise(caught);
    }
}

void weft_top_terminal_size(uint32_t *columns, uint32_t *rows)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

    *columns = known && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
    *rows = known && size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
}

enum weft_top_key weft_top_key_read(const char *bytes, size_t size, size_t *used)
{
    static const struct {
        const char *bytes;
        enum weft_top_key key;
    } known[] = {
        {"\033[A", WEFT_TOP_KEY_UP},
        {"\033[B", WEFT_TOP_KEY_DOWN},
        {"\033[C", WEFT_TOP_KEY_NEXT},
        {"\033[D", WEFT_TOP_KEY_PREVIOUS},
        {"\033OA", WEFT_TOP_KEY_UP},
        {"\033OB", WEFT_TOP_KEY_DOWN},
        {"\033OC", WEFT_TOP_KEY_NEXT},
        {"\033OD", WEFT_TOP_KEY_PREVIOUS},
        {"\033[Z", WEFT_TOP_KEY_PREVIOUS},
        {"\t", WEFT_TOP_KEY_NEXT},
        {"q", WEFT_TOP_KEY_QUIT},
        {"Q", WEFT_TOP_KEY_QUIT},
        {"p", WEFT_TOP_KEY_PAUSE},
        {" ", WEFT_TOP_KEY_PAUSE},
        {"k", WEFT_TOP_KEY_UP},
        {"j", WEFT_TOP_KEY_DOWN},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        *used = strlen(known[i].bytes);
        if (*used <= size && memcmp(bytes, known[i].bytes, *used) == 0)
            return known[i].key;
    }
    *used = 1;
    return WEFT_TOP_KEY_NONE;
}

enum weft_top_key weft_top_terminal_key(uint32_t wait_ms)
{
    static char bytes[KEY_BYTES];
    static size_t size;
    struct pollfd looked = {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN};
    enum weft_top_key key;
    size_t used;

    if (size == 0 && caught == 0 && poll(&looked, 1, (int)wait_ms) > 0) {
        ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

        /* Readable without a byte: the terminal is gone. */
        if (got <= 0)
            return WEFT_TOP_KEY_QUIT;
        size = (size_t)got;
    }
    if (caught != 0)
        return WEFT_TOP_KEY_QUIT;
    if (size == 0)
        return WEFT_TOP_KEY_NONE;
    key = weft_top_key_read(bytes, size, &used);
    size -= used;
    memmove(bytes, bytes + used, size);
    return key;
}

void weft_top_terminal_show(const char *text, uint32_t first, const char *foot)
{
    uint32_t columns;
    uint32_t rows;

    weft_top_terminal_size(&columns, &rows);
    (void)fputs(CURSOR_HOME, stdout);
    for (uint32_t i = 0; i < first && *text != '\0'; i++) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    for (uint32_t row = 1; row < rows && *text != '\0'; row++) {
        size_t size = strcspn(text, "\n");

        (void)fprintf(stdout, "%.*s" LINE_REST "\n", (int)size, text);
        text += size;
        text += *text == '\n';
    }
    (void)fprintf(stdout, SCREEN_REST "\033[%u;1H\033[7m%.*s" LINE_REST "\033[0m", rows,
                  (int)columns, foot);
    (void)fflush(stdout);
}
