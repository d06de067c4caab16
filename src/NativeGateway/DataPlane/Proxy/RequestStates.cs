using NativeGateway.DataPlane.Sessions;
using NativeGateway.Model;
using NativeGateway.Protocol;

namespace NativeGateway.DataPlane.Proxy;

/// <summary>
/// The <c>requestState</c> that modern clients get and bring back. It holds for one caller, upstream and request, for a while; anything else, and
/// anything altered, is refused, and nothing is ever run again because of it.
/// </summary>
internal sealed class RequestStates(StateSeal seal, TimeProvider time)
{
    /// <summary>Which of the reasons it is helps nobody who is honest.</summary>
    public static readonly GatewayError Invalid = new(ErrorKind.InvalidParams, "requestState is invalid or expired");

    /// <summary>A state for the request of an exchange, without quotes.</summary>
    public byte[] Issue(Exchange exchange, RequestStateKind kind, int round, DateTimeOffset expiresAt, ReadOnlyMemory<byte> content) =>
        seal.Seal(new RequestState(kind, round, expiresAt, content).ToBytes(), BindingOf(exchange));

    /// <summary>What the state that a client sent with its request says, or null when it says nothing.</summary>
    public RequestState? Open(Exchange exchange)
    {
        var token = exchange.Text(exchange.Message.RequestState);
        if (!JsonText.TryGetText(token, new byte[token.Length], out var text) || seal.Open(text, BindingOf(exchange)) is not { } plain)
        {
            return null;
        }

        var state = RequestState.FromBytes(plain);
        return state.ExpiresAt > time.GetUtcNow() ? state : null;
    }

    private static byte[] BindingOf(Exchange exchange)
    {
        var caller = exchange.Caller;
        var arguments = exchange.Message.Arguments;
        return RequestBinding.Of(
            caller.KeyId,
            caller.Workspace!.Id,
            exchange.Target!.Id,
            exchange.Text(exchange.Message.Method),
            exchange.OwnName.Span,
            arguments.IsPresent ? exchange.Text(arguments) : default);
    }
}
