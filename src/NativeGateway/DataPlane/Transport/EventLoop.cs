using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using NativeGateway.Telemetry;

namespace NativeGateway.DataPlane.Transport;

/// <summary>
/// One thread that waits for many sockets at once (epoll, edge-triggered) and runs what was waiting for them, there and then: a request, its way
/// to an upstream and back stay on one thread, without hand-overs between threads. Whatever runs here must not block. Other threads get work
/// done here by <see cref="Post"/> or by awaiting <see cref="Enter"/>.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    private const int MaxEvents = 256;
    private const int KeptBuffers = 256;

    [ThreadStatic]
    private static EventLoop? _current;

    private readonly int _poll;
    private readonly int _wake;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly Stack<byte[]> _buffers = new();
    private Deadlines[] _deadlines = [];
    private LoopHandle?[] _handles = new LoopHandle?[256];
    private List<Posted> _posted = [];
    private List<Posted> _running = [];
    private bool _stopped;
    private long _nextDue = long.MaxValue;
    private uint _generation;

    private readonly record struct Posted(Action<object?> Work, object? State);

    public EventLoop(int index, ILogger logger)
    {
        Index = index;
        _logger = logger;
        _poll = Check(LoopLibc.CreatePoll(LoopLibc.CloseOnExec));
        _wake = Check(LoopLibc.CreateEvent(0, LoopLibc.CloseOnExec | LoopLibc.NonBlocking));
        Watch(_wake, ulong.MaxValue, LoopLibc.Readable | LoopLibc.EdgeTriggered);
        Now = Environment.TickCount64;
        _thread = new Thread(Run) { IsBackground = true, Name = $"loop {index}" };
    }

    /// <summary>The size of a <see cref="RentBuffer">rented buffer</see>.</summary>
    public const int BufferSize = 32 * 1024;

    /// <summary>The loop whose thread this is; null on every other thread.</summary>
    public static EventLoop? Current => _current;

    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>Counts the loops of a process from 0.</summary>
    public int Index { get; }

    public bool IsCurrent => _current == this;

    /// <summary>Milliseconds of the monotonic clock, as of the latest wake-up.</summary>
    public long Now { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Has something done on the loop's thread; after the loop has ended, on any thread. Never runs it before it returns.</summary>
    public void Post(Action<object?> work, object? state)
    {
        lock (_gate)
        {
            if (!_stopped)
            {
                _posted.Add(new Posted(work, state));
                if (_posted.Count == 1 && !IsCurrent)
                {
                    Wake();
                }

                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(work, state, preferLocal: false);
    }

    /// <summary>To be awaited: what follows runs on the loop's thread. Costs nothing there.</summary>
    public LoopEntry Enter() => new(this, isYield: false);

    /// <summary>To be awaited: what follows runs after everything else that is ready now.</summary>
    public LoopEntry Yield() => new(this, isYield: true);

    /// <summary>Watches a descriptor until <see cref="Remove"/>. On the loop's thread.</summary>
    public void Add(LoopHandle handle, uint events)
    {
        var descriptor = handle.Descriptor;
        if (descriptor >= _handles.Length)
        {
            Array.Resize(ref _handles, Math.Max(descriptor + 1, _handles.Length * 2));
        }

        handle.Generation = ++_generation;
        _handles[descriptor] = handle;
        Watch(descriptor, ((ulong)handle.Generation << 32) | (uint)descriptor, events);
    }

    /// <summary>The descriptor is not watched any more, and still open.</summary>
    public void Remove(LoopHandle handle)
    {
        if (_handles[handle.Descriptor] == handle)
        {
            _handles[handle.Descriptor] = null;
            byte ignored = 0;
            _ = LoopLibc.ControlPoll(_poll, LoopLibc.RemoveDescriptor, handle.Descriptor, &ignored);
        }
    }

    /// <summary>The deadlines of that span, for everybody on this loop.</summary>
    public Deadlines Within(TimeSpan span)
    {
        foreach (var known in Volatile.Read(ref _deadlines))
        {
            if (known.Span == span)
            {
                return known;
            }
        }

        lock (_gate)
        {
            var added = new Deadlines(span);
            Volatile.Write(ref _deadlines, [.. _deadlines, added]);
            return added;
        }
    }

    /// <summary>A buffer of <see cref="BufferSize"/> bytes; the one that was given back last, which the processor's cache still holds.</summary>
    public byte[] RentBuffer() => _buffers.TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(BufferSize);

    public void ReturnBuffer(byte[] buffer)
    {
        if (_buffers.Count < KeptBuffers)
        {
            _buffers.Push(buffer);
        }
    }

    /// <summary>Ends the thread, when it has done what it is doing.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopped = true;
            Wake();
        }

        if (_thread.IsAlive && !IsCurrent)
        {
            _thread.Join();
        }
    }

    private void Run()
    {
        _current = this;
        var events = (byte*)NativeMemory.Alloc((nuint)(MaxEvents * LoopLibc.EventSize));
        while (true)
        {
            var count = LoopLibc.WaitPoll(_poll, events, MaxEvents, NextWait());
            Now = Environment.TickCount64;
            for (var i = 0; i < count; i++)
            {
                var entry = events + (i * LoopLibc.EventSize);
                Dispatch(Unsafe.ReadUnaligned<ulong>(entry + LoopLibc.EventDataOffset), Unsafe.ReadUnaligned<uint>(entry));
            }

            if (!RunPosted())
            {
                break;
            }

            CheckDeadlines();
        }

        NativeMemory.Free(events);
        _ = LoopLibc.Close(_wake);
        _ = LoopLibc.Close(_poll);
    }

    /// <summary>In milliseconds; -1 for any time. What was posted by the loop's own thread woke nobody.</summary>
    private int NextWait()
    {
        lock (_gate)
        {
            if (_posted.Count > 0 || _stopped)
            {
                return 0;
            }
        }

        _nextDue = long.MaxValue;
        foreach (var deadlines in Volatile.Read(ref _deadlines))
        {
            _nextDue = Math.Min(_nextDue, deadlines.NextDue);
        }

        return _nextDue == long.MaxValue ? -1 : (int)Math.Clamp(_nextDue - Now, 0, int.MaxValue);
    }

    private void Dispatch(ulong data, uint events)
    {
        if (data == ulong.MaxValue)
        {
            ulong ignored;
            _ = LoopLibc.Read(_wake, &ignored, sizeof(ulong));
            return;
        }

        if (_handles[(uint)data] is { } handle && handle.Generation == (uint)(data >> 32))
        {
            try
            {
                handle.OnReady(events);
            }
            catch (Exception fault)
            {
                _logger.LoopFaulted(fault);
            }
        }
    }

    /// <summary>False when the loop shall end.</summary>
    private bool RunPosted()
    {
        lock (_gate)
        {
            if (_posted.Count == 0)
            {
                return !_stopped;
            }

            (_posted, _running) = (_running, _posted);
        }

        foreach (var (work, state) in CollectionsMarshal.AsSpan(_running))
        {
            try
            {
                work(state);
            }
            catch (Exception fault)
            {
                _logger.LoopFaulted(fault);
            }
        }

        _running.Clear();
        return true;
    }

    private void CheckDeadlines()
    {
        if (Now < _nextDue)
        {
            return;
        }

        foreach (var deadlines in Volatile.Read(ref _deadlines))
        {
            deadlines.Check(Now);
        }
    }

    private void Wake()
    {
        ulong one = 1;
        _ = LoopLibc.Write(_wake, &one, sizeof(ulong));
    }

    private void Watch(int descriptor, ulong data, uint events)
    {
        var entry = stackalloc byte[LoopLibc.EventSize];
        Unsafe.WriteUnaligned(entry, events);
        Unsafe.WriteUnaligned(entry + LoopLibc.EventDataOffset, data);
        Check(LoopLibc.ControlPoll(_poll, LoopLibc.AddDescriptor, descriptor, entry));
    }

    private static int Check(int result) =>
        result >= 0 ? result : throw new IOException($"The event loop cannot be set up: error {Marshal.GetLastPInvokeError()}.");
}
