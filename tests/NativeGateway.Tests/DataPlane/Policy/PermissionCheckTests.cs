using System.Text;
using NativeGateway.DataPlane.Policy;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.Tests.DataPlane.Policy;

using Upstream = NativeGateway.Model.Upstream;

public class PermissionCheckTests
{
    private const string Id = "abcdefghijkl";

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}""", "Tool")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"x"}}""", "Prompt")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a:b"}}""", "Resource")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:b"}}""", "Resource")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"resources/unsubscribe","params":{"uri":"a:b"}}""", "Resource")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"x"}}}""", "Prompt")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"a:b"}}}""", "Resource")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"x"}}""", "Server")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"vendor/thing"}""", "Server")]
    public void What_is_used_follows_from_the_method(string message, string kind)
    {
        RpcReader.Read(Encoding.UTF8.GetBytes(message), out var head);

        Assert.Equal(kind, PermissionCheck.KindOf(head).ToString());
    }

    [Fact]
    public void A_key_without_rules_may_use_everything()
    {
        var (caller, upstream) = Build(PermissionConfig.Everything);

        foreach (var kind in Enum.GetValues<PermissionKind>())
        {
            Assert.Null(PermissionCheck.Check(caller, upstream, kind, "x"u8, "x"u8));
        }
    }

    [Fact]
    public void Without_the_server_nothing_of_it_may_be_used()
    {
        var (caller, upstream) = Build(PermissionConfig.Everything with { Servers = new([], ["git*"]) });

        foreach (var kind in Enum.GetValues<PermissionKind>())
        {
            Assert.Equal(ErrorKind.Forbidden, PermissionCheck.Check(caller, upstream, kind, "x"u8, "x"u8)?.Kind);
        }
    }

    [Fact]
    public void Each_kind_has_rules_of_its_own()
    {
        GlobRule none = new([], ["x"]);
        var cases = new (PermissionConfig Permissions, PermissionKind Kind)[]
        {
            (PermissionConfig.Everything with { Tools = none }, PermissionKind.Tool),
            (PermissionConfig.Everything with { Prompts = none }, PermissionKind.Prompt),
            (PermissionConfig.Everything with { Resources = none }, PermissionKind.Resource),
        };

        foreach (var (permissions, denied) in cases)
        {
            var (caller, upstream) = Build(permissions);
            foreach (var kind in Enum.GetValues<PermissionKind>())
            {
                Assert.Equal(kind != denied, PermissionCheck.Allows(caller, upstream, kind, "x"u8));
            }
        }
    }

    [Fact]
    public void The_operators_filter_of_a_server_holds_for_every_key()
    {
        var (caller, upstream) = Build(PermissionConfig.Everything, new GlobRule(["get_*"], []));

        Assert.True(PermissionCheck.Allows(caller, upstream, PermissionKind.Tool, "get_x"u8));
        Assert.False(PermissionCheck.Allows(caller, upstream, PermissionKind.Tool, "set_x"u8));
        Assert.True(PermissionCheck.Allows(caller, upstream, PermissionKind.Prompt, "set_x"u8));
    }

    [Fact]
    public void A_refusal_repeats_only_what_the_caller_sent()
    {
        var (caller, upstream) = Build(PermissionConfig.Everything with { Tools = new([], ["*"]) });

        var error = PermissionCheck.Check(caller, upstream, PermissionKind.Tool, "own_name"u8, "sent_name"u8)!;
        Assert.Equal("This key may not use the tool 'sent_name'.", error.Message);

        var nameless = PermissionCheck.Check(caller, upstream, PermissionKind.Tool, "own_name"u8, ""u8)!;
        Assert.Equal("This key may not use this tool.", nameless.Message);
    }

    [Fact]
    public void What_the_caller_sent_is_shown_short_and_on_one_line()
    {
        var (caller, upstream) = Build(PermissionConfig.Everything with { Tools = new([], ["*"]) });

        var error = PermissionCheck.Check(caller, upstream, PermissionKind.Tool, "x"u8, Encoding.UTF8.GetBytes("a\r\nb\u0085" + new string('c', 1000)))!;

        Assert.InRange(error.Message.Length, 100, 200);
        Assert.DoesNotContain(error.Message, char.IsControl);
    }

    [Fact]
    public void Allowing_allocates_nothing()
    {
        var (caller, upstream) = Build(PermissionConfig.Everything with { Tools = new(["git__get_*"], ["*_secret"]) });
        PermissionCheck.Check(caller, upstream, PermissionKind.Tool, "get_x"u8, "x"u8);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = PermissionCheck.Check(caller, upstream, PermissionKind.Tool, "get_x"u8, "x"u8);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Null(error);
    }

    private static (Caller Caller, Upstream Upstream) Build(PermissionConfig permissions, GlobRule? tools = null)
    {
        var snapshot = PolicyFixture.Snapshot(
            [PolicyFixture.Key(Id) with { Permissions = permissions }],
            [PolicyFixture.Server("git") with { Tools = tools ?? GlobRule.Everything }]);
        return (snapshot.Caller(Id), snapshot.Upstream("git"));
    }
}
