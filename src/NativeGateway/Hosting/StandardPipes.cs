using System.IO.Pipelines;

namespace NativeGateway.Hosting;

/// <summary>
/// Standard input and output as pipes. Reading and writing them blocks, so each has a thread of its own: a blocked thread of the pool would be
/// one that work is waiting for.
/// </summary>
internal sealed class StandardPipes : IDuplexPipe
{
    /// <summary>What may wait for the other side to read before writers wait as well.</summary>
    private const int MaxWaiting = 1024 * 1024;

    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(5);

    private readonly Pipe _in = new();
    private readonly Pipe _out = new(new PipeOptions(pauseWriterThreshold: MaxWaiting, resumeWriterThreshold: MaxWaiting / 2));
    private readonly Func<bool> _isBroken;
    private readonly Thread _writer;

    /// <param name="input">Read by a background thread alone, until its end.</param>
    /// <param name="output">Written by another one alone.</param>
    /// <param name="isBroken">Nobody can read the output any more.</param>
    public StandardPipes(Stream input, Stream output, Func<bool> isBroken)
    {
        _isBroken = isBroken;
        new Thread(() => Run(() => Fill(input), () => _in.Writer.Complete())) { IsBackground = true, Name = "standard input" }.Start();
        _writer = new Thread(() => Run(() => Drain(output), () => _out.Reader.Complete())) { IsBackground = true, Name = "standard output" };
        _writer.Start();
    }

    public PipeReader Input => _in.Reader;

    /// <summary>Completed by its reader when nobody is at the other end any more.</summary>
    public PipeWriter Output => _out.Writer;

    /// <summary>Writes what waits, as far as it is taken in a few seconds.</summary>
    public void Complete()
    {
        Output.Complete();
        _writer.Join(FlushPatience);
    }

    private static void Run(Action work, Action end)
    {
        try
        {
            work();
        }
        catch (IOException)
        {
            // Whoever is at the other end is gone.
        }
        finally
        {
            end();
        }
    }

    private void Fill(Stream input)
    {
        while (input.Read(_in.Writer.GetSpan()) is var count and > 0)
        {
            _in.Writer.Advance(count);
            if (Wait(_in.Writer.FlushAsync()).IsCompleted)
            {
                return;
            }
        }
    }

    private void Drain(Stream output)
    {
        while (Wait(_out.Reader.ReadAsync()) is var read && !(read.IsCompleted && read.Buffer.IsEmpty))
        {
            foreach (var part in read.Buffer)
            {
                output.Write(part.Span);
            }

            output.Flush();
            if (_isBroken())
            {
                return;
            }

            _out.Reader.AdvanceTo(read.Buffer.End);
        }
    }

    private static T Wait<T>(ValueTask<T> task) => task.AsTask().GetAwaiter().GetResult();
}
