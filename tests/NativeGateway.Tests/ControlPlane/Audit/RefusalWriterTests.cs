using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NativeGateway.ControlPlane.Audit;
using NativeGateway.Model;
using NativeGateway.Storage;
using NativeGateway.Tests.Shared;

namespace NativeGateway.Tests.ControlPlane.Audit;

public sealed class RefusalWriterTests
{
    [Fact]
    public async Task What_is_counted_while_the_database_is_away_is_written_when_it_is_back_and_the_rest_at_the_end()
    {
        var clock = new TestClock();
        var ledger = new RefusalLedger(clock);
        var store = new FailingAuditStore { IsDown = true };
        using var stopping = new CancellationTokenSource();
        Note(2);
        var running = new RefusalWriter(ledger, store, clock, NullLogger<RefusalWriter>.Instance).RunAsync(stopping.Token);
        Assert.Empty(store.Written);
        Note(1);
        store.IsDown = false;

        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(3, Assert.Single(store.Written).Count);
        Note(4);
        await stopping.CancelAsync();
        await running;
        Assert.Equal(4, store.Written[1].Count);

        void Note(int times)
        {
            for (var i = 0; i < times; i++)
            {
                ledger.Note(new DeniedRequest(null, null, IPAddress.Loopback, "mcp", null, null, "unauthenticated", "r"));
            }
        }
    }

    private sealed class FailingAuditStore : IAuditStore
    {
        public bool IsDown { get; set; }

        public List<AuditEntry> Written { get; } = [];

        public Task AppendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellationToken)
        {
            if (IsDown)
            {
                throw new StoreUnavailableException("away", new IOException());
            }

            Written.AddRange(entries);
            return Task.CompletedTask;
        }

        public Task<IReadOnlyList<AuditRecord>> ListAsync(AuditQuery query, int most, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<AuditVerdict> VerifyAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<AuditTrim> ForgetAsync(DateTimeOffset before, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
