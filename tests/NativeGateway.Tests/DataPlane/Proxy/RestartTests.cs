using System.Collections;
using System.Net;
using System.Reflection;
using NativeGateway.DataPlane.Proxy;
using NativeGateway.DataPlane.Sessions;
using NativeGateway.DataPlane.Upstream;

namespace NativeGateway.Tests.DataPlane.Proxy;

/// <summary>
/// Objects of the hot path serve one request after the other. Whatever one request leaves in them would be the next one's, which may be somebody
/// else's: so every field is compared with that of a new object, by reflection, and a field that is added later is compared, too.
/// </summary>
public sealed class RestartTests
{
    private static readonly RequestHead Head = new() { Number = default, RemoteAddress = IPAddress.Loopback };

    [Fact]
    public void An_exchange_that_is_used_again_is_like_a_new_one()
    {
        var sink = new RecordingSink();
        var used = new Exchange(Head, "used"u8.ToArray(), sink, new CancellationToken(true));
        Fill(used, "<Session>", "<State>", "<Questions>", "<IsHandedOver>", "<IsBatched>", "<ExplainBrokenBody>", "<Request>", "_pipe", "_pooled", "_holdsPipe", "_clock");
        Fill(used.Request);

        var body = "next"u8.ToArray();
        used.Restart(Head, body, sink, CancellationToken.None);

        Assert.True(used.MayRestart);
        AssertAlike(new Exchange(Head, body, sink, CancellationToken.None), used, "<StartedAt>", "<Request>", "_clock");
        AssertAlike(new UpstreamRequest(), used.Request, "_id", "<Wire>", "<Reply>", "<Message>");
        Assert.Equal(0, used.Request.Message.Length);
    }

    [Fact]
    public void An_exchange_with_something_in_other_hands_is_not_used_again()
    {
        var exchange = new Exchange(Head, ReadOnlyMemory<byte>.Empty, new RecordingSink(), CancellationToken.None) { IsHandedOver = true };
        Assert.False(exchange.MayRestart);
    }

    [Fact]
    public void Reply_headers_that_are_used_again_are_like_new_ones()
    {
        var headers = new ReplyHeaders();
        Fill(headers);
        headers.Clear();
        AssertAlike(new ReplyHeaders(), headers);
    }

    [Fact]
    public void A_clock_that_was_called_off_is_not_used_again()
    {
        using var clock = new CallClock(TimeProvider.System);
        clock.Start(TimeSpan.FromMinutes(1), CancellationToken.None);
        Assert.True(clock.TryEnd());
        clock.Start(TimeSpan.FromMinutes(1), CancellationToken.None);
        clock.CallOff();
        Assert.False(clock.TryEnd());
    }

    private static IEnumerable<FieldInfo> Fields(object item, string[] except) => item.GetType()
        .GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
        .Where(field => !except.Any(name => field.Name.StartsWith(name, StringComparison.Ordinal)));

    /// <summary>Gives every field a value that no new object has.</summary>
    private static void Fill(object item, params string[] except)
    {
        foreach (var field in Fields(item, except).Where(field => !field.IsInitOnly))
        {
            field.SetValue(item, Other(field.FieldType));
        }
    }

    private static object? Other(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Other(underlying);
        }

        if (type == typeof(ReadOnlyMemory<byte>))
        {
            return new ReadOnlyMemory<byte>([1, 2, 3]);
        }

        if (type.IsValueType)
        {
            var value = Activator.CreateInstance(type)!;
            if (type.IsPrimitive)
            {
                return type == typeof(bool) ? true : Convert.ChangeType(7, type, System.Globalization.CultureInfo.InvariantCulture);
            }

            if (type.IsEnum)
            {
                return Enum.ToObject(type, 1);
            }

            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public).Where(field => field.FieldType.IsPrimitive || field.FieldType.IsEnum))
            {
                field.SetValue(value, Other(field.FieldType));
            }

            return value;
        }

        return type == typeof(string) ? "x"
            : type == typeof(byte[]) ? new byte[1]
            : type.IsInterface || type.IsAbstract ? null
            : System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type);
    }

    private static void AssertAlike(object expected, object actual, params string[] except)
    {
        foreach (var field in Fields(expected, except))
        {
            var (one, other) = (field.GetValue(expected), field.GetValue(actual));
            if (one is IEnumerable and not string)
            {
                Assert.Equal((IEnumerable)one, (IEnumerable)other!);
            }
            else
            {
                Assert.True(Equals(one, other), $"{field.Name}: {other} instead of {one}");
            }
        }
    }
}
