// A stateless MCP server that answers as fast as one thread can: the fixed part of a comparison of proxies. Speaks just enough of 2025-06-18
// over HTTP/1.1 with keep-alive: initialize, tools/list, and tools/call of
//   small  a JSON answer of about 300 bytes      large  one of 16 KiB      stream  three events (two of progress, then the answer)
// usage: upstream PORT [TOOLS] (lists so many instead of the three) | upstream stdio (the same, a message a line)
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 65536, CONNECTIONS = 65536 };

struct connection { int used; char bytes[BUFFER]; };
static struct connection *connections[CONNECTIONS];
static char large_text[16 * 1024 - 80];
static char reply[BUFFER];
static char tools[BUFFER / 4] = "{\"tools\":[{\"name\":\"small\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"large\",\"inputSchema\":{\"type\":\"object\"}},"
                                "{\"name\":\"stream\",\"inputSchema\":{\"type\":\"object\"}}]}";

struct answer { int count, length[3]; char bytes[3][BUFFER / 2]; };
static struct answer reply_messages;

static void add(const char *format, ...) {
  struct answer *a = &reply_messages;
  va_list values;
  va_start(values, format);
  a->length[a->count] = vsnprintf(a->bytes[a->count], sizeof a->bytes[0], format, values);
  a->count++;
  va_end(values);
}

// Fills reply_messages: nothing for a notification, three messages for "stream", else one. False for a method it does not know.
static int answer(const char *body, int length) {
  reply_messages.count = 0;
  const char *id = memmem(body, length, "\"id\":", 5);
  if (!id) return 1;
  id += 5;
  int id_length = strcspn(id, ",}");
#define RESULT(result, ...) add("{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":" result "}", id_length, id, ##__VA_ARGS__)
#define TEXT "{\"content\":[{\"type\":\"text\",\"text\":\"%.*s\"}]}"
  if (memmem(body, length, "\"initialize\"", 12))
    RESULT("{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{},\"logging\":{}},\"serverInfo\":{\"name\":\"fast\",\"version\":\"1\"}}");
  else if (memmem(body, length, "\"tools/list\"", 12))
    RESULT("%s", tools);
  else if (!memmem(body, length, "\"tools/call\"", 12)) return 0;
  else if (memmem(body, length, "stream\"", 7)) {
    for (int i = 1; i <= 2; i++)
      add("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"step %d\"}}", i);
    RESULT(TEXT, 4, "done");
  }
  else RESULT(TEXT, memmem(body, length, "large\"", 6) ? (int)sizeof large_text : 200, large_text);
  return 1;
}

static void list(int count) {
  int used = sprintf(tools, "{\"tools\":[");
  for (int i = 0; i < count && used < (int)sizeof tools - 200; i++)
    used += sprintf(tools + used, "%s{\"name\":\"tool_%d\",\"description\":\"Answers with a text, for the %dth time.\",\"inputSchema\":{\"type\":\"object\"}}", i ? "," : "", i, i);
  sprintf(tools + used, "]}");
}

static int http(char *to, int known) {
  struct answer *a = &reply_messages;
  if (!known) return sprintf(to, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  if (a->count == 0) return sprintf(to, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  if (a->count == 1)
    return sprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", a->length[0], a->bytes[0]);
  char *start = to;
  to += sprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < a->count; i++) to += sprintf(to, "%x\r\ndata: %s\n\n\r\n", a->length[i] + 8, a->bytes[i]);
  return to - start + sprintf(to, "0\r\n\r\n");
}

static int serve_stdio(void) {
  char *line = NULL;
  size_t room = 0;
  for (ssize_t length; (length = getline(&line, &room, stdin)) > 0;) {
    if (!answer(line, length)) continue;
    for (int i = 0; i < reply_messages.count; i++) puts(reply_messages.bytes[i]);
    fflush(stdout);
  }
  return 0;
}

static void drop(int fd) { close(fd); connections[fd]->used = 0; }

static void serve(int fd) {
  struct connection *c = connections[fd];
  ssize_t count = recv(fd, c->bytes + c->used, BUFFER - c->used - 1, 0);
  if (count <= 0) { if (count == 0 || errno != EAGAIN) drop(fd); return; }
  c->used += count;
  c->bytes[c->used] = 0;
  for (;;) {
    char *end = memmem(c->bytes, c->used, "\r\n\r\n", 4);
    if (!end) return;
    int head = end + 4 - c->bytes;
    *end = 0;
    char *header = strcasestr(c->bytes, "\r\ncontent-length:");
    int length = header ? atoi(header + 17) : 0;
    *end = '\r';
    if (c->used < head + length) return;
    int size;
    if (strncmp(c->bytes, "POST", 4)) size = sprintf(reply, "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
    else {
      char *body = c->bytes + head, saved = body[length];
      body[length] = 0;
      size = http(reply, answer(body, length));
      body[length] = saved;
    }
    for (int sent = 0; sent < size;) {
      ssize_t n = send(fd, reply + sent, size - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) continue;
      if (n <= 0) { drop(fd); return; }
      sent += n;
    }
    c->used -= head + length;
    memmove(c->bytes, c->bytes + head + length, c->used + 1);
    if (!c->used) return;
  }
}

int main(int argc, char **argv) {
  memset(large_text, 'x', sizeof large_text);
  if (argc > 1 && !strcmp(argv[1], "stdio")) return serve_stdio();
  if (argc > 2) list(atoi(argv[2]));
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(atoi(argc > 1 ? argv[1] : "7799")), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) { perror("listen"); return 1; }
  struct epoll_event wanted = { .events = EPOLLIN, .data.fd = listener }, ready[256];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &wanted);
  for (;;) {
    int count = epoll_wait(poll, ready, 256, -1);
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (fd != listener) { serve(fd); continue; }
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= CONNECTIONS) { close(fd); continue; }
        if (!connections[fd]) connections[fd] = malloc(sizeof *connections[fd]);
        connections[fd]->used = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        wanted = (struct epoll_event){ .events = EPOLLIN, .data.fd = fd };
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted);
      }
    }
  }
}
