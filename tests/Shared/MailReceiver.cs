using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace NativeGateway.Shared;

/// <summary>What a mail server does with those who come.</summary>
internal sealed record MailScript
{
    /// <summary>Null to offer no TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>TLS from the first byte.</summary>
    public bool IsImplicit { get; init; }

    /// <summary>Ways to sign in; empty for none.</summary>
    public string Ways { get; init; } = "";

    /// <summary>Answers by the beginning of a command, instead of the usual ones.</summary>
    public Dictionary<string, string> Answers { get; init; } = [];

    /// <summary>Sent in clear behind the answer to STARTTLS.</summary>
    public string Injected { get; init; } = "";

    /// <summary>Takes the connection and says nothing.</summary>
    public bool IsSilent { get; init; }
}

/// <summary>One message that was taken.</summary>
/// <param name="Commands">What the client said before, without what it said in clear before TLS.</param>
internal sealed record ReceivedMail(IReadOnlyList<string> Commands, bool IsProtected, string Text)
{
    /// <summary>The text below the headers, decoded.</summary>
    public string Body => Encoding.UTF8.GetString(Convert.FromBase64String(Text[(Text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].Replace("\r\n", "", StringComparison.Ordinal)));

    /// <summary>A header with its continuation lines.</summary>
    public string Header(string name)
    {
        var head = Text[..Text.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Replace("\r\n ", " ", StringComparison.Ordinal).Split("\r\n");
        return head.Single(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];
    }
}

/// <summary>A mail server on a real socket that follows a script.</summary>
internal sealed class MailReceiver : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly MailScript _script;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private readonly Lock _gate = new();
    private readonly List<string> _clear = [];
    private readonly TaskCompletionSource<ReceivedMail> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _came = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MailReceiver(MailScript script)
    {
        _script = script;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The first message that was taken.</summary>
    public Task<ReceivedMail> First => _first.Task;

    /// <summary>Somebody has connected.</summary>
    public Task Came => _came.Task;

    /// <summary>Everything that clients said in clear.</summary>
    public IReadOnlyList<string> Clear
    {
        get
        {
            lock (_gate)
            {
                return [.. _clear];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _came.TrySetResult();
            _ = ServeAsync(client).ContinueWith(_ => client.Dispose(), TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        Stream stream = client.GetStream();
        if (_script.IsSilent)
        {
            await Task.Delay(Timeout.Infinite, _stop.Token);
        }

        var isProtected = _script.IsImplicit;
        if (isProtected)
        {
            stream = await ProtectAsync(stream);
        }

        var commands = new List<string>();
        await SayAsync(stream, AnswerTo("CONNECT", "220 mail.test ESMTP"));
        while (await ReadLineAsync(stream) is { } command)
        {
            commands.Add(command);
            if (!isProtected)
            {
                lock (_gate)
                {
                    _clear.Add(command);
                }
            }

            switch (command.Split(' ')[0].ToUpperInvariant())
            {
                case "EHLO":
                    var offers = new List<string> { "mail.test" };
                    offers.AddRange(_script.Certificate is not null && !isProtected ? ["STARTTLS"] : _script.Ways.Length > 0 ? [$"AUTH {_script.Ways}"] : []);
                    await SayAsync(stream, AnswerTo(command, string.Join("\r\n", offers.Select((offer, index) => $"250{(index == offers.Count - 1 ? ' ' : '-')}{offer}"))));
                    break;
                case "STARTTLS":
                    await SayAsync(stream, AnswerTo(command, "220 go on") + (_script.Injected.Length > 0 ? "\r\n" + _script.Injected : ""));
                    stream = await ProtectAsync(stream);
                    isProtected = true;
                    commands.Clear();
                    break;
                case "AUTH":
                    await SayAsync(stream, AnswerTo(command, command.StartsWith("AUTH PLAIN", StringComparison.Ordinal) ? "235 welcome" : "334 VXNlcm5hbWU6"));
                    break;
                case "DATA":
                    await SayAsync(stream, AnswerTo(command, "354 go on"));
                    _first.TrySetResult(new ReceivedMail([.. commands], isProtected, await ReadMessageAsync(stream)));
                    await SayAsync(stream, "250 taken");
                    break;
                case "MAIL" or "RCPT" or "QUIT":
                    await SayAsync(stream, AnswerTo(command, "250 ok"));
                    break;
                default:
                    // The two lines of AUTH LOGIN.
                    await SayAsync(stream, AnswerTo(command, commands[^2] == "AUTH LOGIN" ? "334 UGFzc3dvcmQ6" : "235 welcome"));
                    break;
            }
        }
    }

    private string AnswerTo(string command, string usual) =>
        _script.Answers.FirstOrDefault(answer => command.StartsWith(answer.Key, StringComparison.Ordinal)).Value ?? usual;

    private async Task<Stream> ProtectAsync(Stream stream)
    {
        var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _script.Certificate }, _stop.Token);
        return secured;
    }

    private async Task<string> ReadMessageAsync(Stream stream)
    {
        var text = new StringBuilder();
        while (await ReadLineAsync(stream) is { } line && line != ".")
        {
            text.Append(line).Append("\r\n");
        }

        return text.ToString();
    }

    private Task SayAsync(Stream stream, string line) => stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), _stop.Token).AsTask();

    /// <summary>Without its end; null at the end of all.</summary>
    private async Task<string?> ReadLineAsync(Stream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            line.Add(one[0]);
            if (line is [.. var text, (byte)'\r', (byte)'\n'])
            {
                return Encoding.ASCII.GetString([.. text]);
            }
        }

        return null;
    }
}
