using System.Text.Json;

namespace NativeGateway.Hosting.Commands;

/// <summary>
/// The administration API as verbs use it: of a running gateway, or, for an operator on the machine, right on the database. Verbs speak one
/// language either way, and show the same answers.
/// </summary>
internal interface IAdminDoor
{
    /// <param name="path">Below <c>/api/v1</c>.</param>
    /// <param name="body">JSON; null for none.</param>
    /// <exception cref="AdminDoorException">Nobody answers.</exception>
    Task<AdminResult> SendAsync(string method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancellationToken);
}

/// <summary>No answer, in words for the operator.</summary>
internal sealed class AdminDoorException(string message) : Exception(message);

/// <summary>What was answered: a representation, or a problem (RFC 9457).</summary>
internal readonly record struct AdminResult(int Status, JsonElement Body)
{
    public bool IsDone => Status is >= 200 and < 300;

    /// <summary>The problem's words, with every fault on a line of its own.</summary>
    public string Problem
    {
        get
        {
            if (Body.ValueKind != JsonValueKind.Object || !Body.TryGetProperty("detail", out var detail))
            {
                return $"the gateway answered HTTP {Status}; is its address right?";
            }

            var lines = new List<string> { detail.GetString() ?? "" };
            if (Body.TryGetProperty("errors", out var faults))
            {
                lines.AddRange(faults.EnumerateArray().Select(fault => $"  {fault.GetProperty("pointer").GetString()}: {fault.GetProperty("detail").GetString()}"));
            }

            return string.Join(Environment.NewLine, lines);
        }
    }
}
