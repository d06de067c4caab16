// Calls one tool at a fixed rate, which wrk cannot: the load under which thread pools and event loops sleep between requests. Requests are due at
// even distances, go out over the connections in turn, and wait when none is free; latency counts from when a request was due.
// usage: pace PORT RATE CONNECTIONS SECONDS TOOL     KEY and SESSION as in call.lua; prints RESULT requests p50 p99 errors, times in µs
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 65536, SECOND = 1000000000 };

struct connection { int fd, used, head, length; long due; char bytes[BUFFER]; };
static struct connection *connections, **idle;
static long *latencies;
static int poll, free_first, free_count, size, port, finished, errors, request_length;
static char request[2048];

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

static void release(struct connection *c) { idle[(free_first + free_count++) % size] = c; }

static void open_connection(struct connection *c) {
  int one = 1;
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (void *)&address, sizeof address)) { perror("connect"); exit(1); }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct epoll_event wanted = { .events = EPOLLIN, .data.ptr = c };
  epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &wanted);
}

static void finish(struct connection *c, int failed) {
  errors += failed;
  latencies[finished++] = now() - c->due;
  c->due = 0;
  release(c);
}

static void reopen(struct connection *c) {
  close(c->fd);
  open_connection(c);
  if (c->due) finish(c, 1);
}

static void send_request(long due) {
  struct connection *c = idle[free_first];
  free_first = (free_first + 1) % size;
  free_count--;
  c->due = due;
  c->used = c->head = 0;
  if (send(c->fd, request, request_length, MSG_NOSIGNAL) != request_length) reopen(c);
}

// Whether the answer is complete; learns the length of the head and of the body (-1: chunked) on the way.
static int complete(struct connection *c) {
  if (!c->head) {
    c->bytes[c->used] = 0;
    char *end = memmem(c->bytes, c->used, "\r\n\r\n", 4);
    if (!end) return 0;
    c->head = end + 4 - c->bytes;
    *end = 0;
    char *length = strcasestr(c->bytes, "\r\ncontent-length:");
    c->length = length ? atoi(length + 17) : -1;
    *end = '\r';
  }
  if (c->length >= 0) return c->used >= c->head + c->length;
  return c->used >= c->head + 5 && !memcmp(c->bytes + c->used - 5, "0\r\n\r\n", 5);
}

static void receive(struct connection *c) {
  ssize_t count = recv(c->fd, c->bytes + c->used, BUFFER - c->used - 1, MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) { reopen(c); return; }
  c->used += count;
  if (c->due && complete(c)) finish(c, strncmp(c->bytes, "HTTP/1.1 200", 12) != 0);
}

static void write_request(const char *tool) {
  char body[512], text[91], session[512] = "";
  memset(text, 'a', 90);
  text[90] = 0;
  const char *key = getenv("KEY"), *id = getenv("SESSION");
  int length = snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"fast__%s\","
                        "\"arguments\":{\"text\":\"%s\"}}}", tool, text);
  if (id && *id) snprintf(session, sizeof session, "Mcp-Session-Id: %s\r\n", id);
  request_length = snprintf(request, sizeof request, "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                            "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-06-18\r\nAuthorization: Bearer %s\r\n%s"
                            "Content-Length: %d\r\n\r\n%s", port, key ? key : "none", session, length, body);
}

static int ascending(const void *a, const void *b) { return (*(long *)a > *(long *)b) - (*(long *)a < *(long *)b); }

int main(int argc, char **argv) {
  if (argc != 6) { fprintf(stderr, "usage: pace PORT RATE CONNECTIONS SECONDS TOOL\n"); return 64; }
  port = atoi(argv[1]);
  size = atoi(argv[3]);
  long total = atol(argv[2]) * atol(argv[4]), distance = SECOND / atol(argv[2]), sent = 0;
  write_request(argv[5]);
  prctl(PR_SET_TIMERSLACK, 1000);
  poll = epoll_create1(0);
  connections = calloc(size, sizeof *connections);
  idle = calloc(size, sizeof *idle);
  latencies = calloc(total, sizeof *latencies);
  for (int i = 0; i < size; i++) { open_connection(&connections[i]); release(&connections[i]); }

  long begun = now(), deadline = begun + (atol(argv[4]) + 10) * SECOND;
  struct epoll_event ready[256];
  while (finished < total && now() < deadline) {
    while (sent < total && free_count && begun + sent * distance <= now()) { send_request(begun + sent * distance); sent++; }
    long pause = sent < total && free_count ? begun + sent * distance - now() : SECOND;
    if (pause < 0) pause = 0;
    struct timespec patience = { .tv_sec = pause / SECOND, .tv_nsec = pause % SECOND };
    int count = epoll_pwait2(poll, ready, 256, &patience, NULL);
    for (int i = 0; i < count; i++) receive(ready[i].data.ptr);
  }

  errors += total - finished;
  qsort(latencies, finished, sizeof *latencies, ascending);
  printf("RESULT %d %ld %ld %d\n", finished, latencies[finished / 2] / 1000, latencies[(long)finished * 99 / 100] / 1000, errors);
  return 0;
}
