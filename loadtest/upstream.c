// A stateless MCP server that answers as fast as one thread can: the fixed part of a comparison of proxies. Speaks just enough of 2025-06-18
// over HTTP/1.1 with keep-alive: initialize, tools/list, and tools/call of
//   small  a JSON answer of about 300 bytes      large  one of 16 KiB      stream  three events (two of progress, then the answer)
// usage: upstream PORT [TOOLS]      with TOOLS, lists so many instead of the three
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
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

static int json(char *to, const char *id, int id_length, const char *result) {
  char body[BUFFER / 2];
  int length = sprintf(body, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":%s}", id_length, id, result);
  return sprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", length, body);
}

static int event(char *to, const char *message, int length) {
  return sprintf(to, "%x\r\ndata: %.*s\n\n\r\n", length + 8, length, message);
}

static int stream(char *to, const char *id, int id_length) {
  char message[1024];
  char *start = to;
  to += sprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 1; i <= 2; i++) {
    int length = sprintf(message, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"step %d\"}}", i);
    to += event(to, message, length);
  }
  int length = sprintf(message, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"done\"}]}}", id_length, id);
  to += event(to, message, length);
  return to - start + sprintf(to, "0\r\n\r\n");
}

static int answer(const char *body, int length, char *to) {
  char result[BUFFER / 2];
  const char *id = memmem(body, length, "\"id\":", 5);
  if (!id) return sprintf(to, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  id += 5;
  int id_length = strcspn(id, ",}");
  if (memmem(body, length, "\"initialize\"", 12))
    return json(to, id, id_length, "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"fast\",\"version\":\"1\"}}");
  if (memmem(body, length, "\"tools/list\"", 12))
    return json(to, id, id_length, tools);
  if (!memmem(body, length, "\"tools/call\"", 12))
    return sprintf(to, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  if (memmem(body, length, "stream\"", 7)) return stream(to, id, id_length);
  int is_large = memmem(body, length, "large\"", 6) != NULL;
  sprintf(result, "{\"content\":[{\"type\":\"text\",\"text\":\"%.*s\"}]}", is_large ? (int)sizeof large_text : 200, large_text);
  return json(to, id, id_length, result);
}

static void list(int count) {
  int used = sprintf(tools, "{\"tools\":[");
  for (int i = 0; i < count && used < (int)sizeof tools - 200; i++)
    used += sprintf(tools + used, "%s{\"name\":\"tool_%d\",\"description\":\"Answers with a text, for the %dth time.\",\"inputSchema\":{\"type\":\"object\"}}", i ? "," : "", i, i);
  sprintf(tools + used, "]}");
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
      size = answer(body, length, reply);
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
