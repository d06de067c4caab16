using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using NativeGateway.Model;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Notify;

/// <summary>Tries one delivery by e-mail, through the mail server that the configuration names at the moment. One connection for each.</summary>
internal sealed class MailSender(SnapshotHolder snapshots, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How it ended, whatever the server does; only <paramref name="stopping"/> is thrown.</summary>
    public async Task<DeliveryAttempt> SendAsync(DueDelivery delivery, CancellationToken stopping)
    {
        var at = time.GetUtcNow();
        var started = time.GetTimestamp();
        var (status, failure) = snapshots.Current.Settings.Mail is { } server ? await TryAsync(server, delivery, at, stopping) : (null, "not_configured");
        return new DeliveryAttempt(delivery.Attempt, at, time.GetElapsedTime(started), status, failure);
    }

    private async Task<(int? Status, string? Failure)> TryAsync(MailServer server, DueDelivery delivery, DateTimeOffset at, CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            await using var conversation = await SmtpConversation.OpenAsync(server, either.Token);
            var to = MailAddress.Of(delivery.Url);
            await conversation.SendAsync(to, AlertMail.Write(delivery, server.From, to, at), either.Token);
            return (250, null);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (null, "timeout");
        }
        catch (SmtpException exception)
        {
            return (exception.Code, exception.Reason);
        }
        catch (Exception exception) when (exception is AuthenticationException or CryptographicException)
        {
            return (null, "tls");
        }
        catch (SocketException exception)
        {
            return (null, exception.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain ? "unknown_host" : "unreachable");
        }
        catch (IOException)
        {
            return (null, "unreachable");
        }
    }
}
