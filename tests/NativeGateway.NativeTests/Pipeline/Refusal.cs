using NativeGateway.NativeTests.Wire;
using Xunit;

namespace NativeGateway.NativeTests.Pipeline;

/// <summary>What every refusal has in common, whatever stage it comes from.</summary>
internal static class Refusal
{
    private static readonly string[] NeverShown = ["Exception", "   at ", "System.", "NativeGateway.", "/tmp/", "Npgsql", "SQLite"];

    /// <param name="secrets">Texts that the answer must not hold anywhere: bodies, credentials, internal addresses.</param>
    public static void Check(Reply reply, int status, int code, params string[] secrets)
    {
        Assert.True(reply.Status == status, $"Expected {status} with {code}, got:\n{reply}");
        Assert.StartsWith("application/json", reply["Content-Type"], StringComparison.Ordinal);
        Assert.Equal(code, reply.ErrorCode);
        Assert.Equal("2.0", reply.Json.GetProperty("jsonrpc").GetString());
        Assert.False(string.IsNullOrEmpty(reply.Json.GetProperty("error").GetProperty("message").GetString()));
        CheckNothingLeaks(reply, secrets);
    }

    public static void CheckNothingLeaks(Reply reply, params string[] secrets)
    {
        Assert.False(string.IsNullOrEmpty(reply["X-Request-Id"]), $"No X-Request-Id in:\n{reply}");
        var whole = reply.ToString();
        foreach (var text in NeverShown.Concat(secrets))
        {
            Assert.DoesNotContain(text, whole, StringComparison.Ordinal);
        }
    }

    /// <summary>A 401 and its challenge.</summary>
    public static void CheckUnauthenticated(Reply reply, params string[] secrets)
    {
        Check(reply, 401, -32010, secrets);
        Assert.StartsWith("Bearer", reply["WWW-Authenticate"], StringComparison.Ordinal);
    }
}
