using NativeGateway.DataPlane.Transport;

namespace NativeGateway.Tests.DataPlane.Transport;

public class DeadlinesTests
{
    private readonly Deadlines _second = new(TimeSpan.FromSeconds(1));
    private readonly Deadlines _minute = new(TimeSpan.FromMinutes(1));
    private readonly List<string> _due = [];

    [Fact]
    public void What_was_set_first_falls_due_first()
    {
        _second.Set(New("a"), 0);
        _second.Set(New("b"), 500);

        _second.Check(999);
        Assert.Empty(_due);
        _second.Check(1000);
        Assert.Equal(["a"], _due);
        _second.Check(5000);
        Assert.Equal(["a", "b"], _due);
        Assert.True(_second.NextDue == long.MaxValue);
    }

    [Fact]
    public void Setting_again_renews_and_clearing_forgets()
    {
        var (a, b, c) = (New("a"), New("b"), New("c"));
        _second.Set(a, 0);
        _second.Set(b, 0);
        _second.Set(c, 0);
        _second.Set(a, 900);
        _second.Clear(b);

        _second.Check(1500);
        Assert.Equal(["c"], _due);
        _second.Check(1900);
        Assert.Equal(["c", "a"], _due);
    }

    [Fact]
    public void Something_has_one_deadline_at_a_time()
    {
        var a = New("a");
        _second.Set(a, 0);
        _minute.Set(a, 0);

        _second.Check(10_000);
        Assert.Empty(_due);
        Assert.True(_second.NextDue == long.MaxValue);
        _second.Clear(a);
        _minute.Check(60_000);
        Assert.Equal(["a"], _due);
    }

    private Named New(string name) => new(name, _due);

    private sealed class Named(string name, List<string> due) : Deadlined
    {
        public override void OnDeadline() => due.Add(name);
    }
}
