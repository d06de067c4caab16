namespace NativeGateway.Protocol;

/// <summary>What a client lets servers ask of it, as far as the gateway can carry it (mcp capabilities of every revision).</summary>
[Flags]
internal enum ClientCapabilities : byte
{
    None = 0,
    Roots = 1,
    Sampling = 2,
    SamplingTools = 4,
    SamplingContext = 8,

    /// <summary>Also what an empty <c>elicitation: {}</c> means.</summary>
    ElicitationForm = 16,
    ElicitationUrl = 32,
}
