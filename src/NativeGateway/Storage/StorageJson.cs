using System.Text.Json;
using System.Text.Json.Serialization;
using NativeGateway.Model;

namespace NativeGateway.Storage;

/// <summary>The parts of records that are kept as JSON text, because nothing ever asks SQL about their inside.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GlobRule))]
[JsonSerializable(typeof(PermissionConfig))]
[JsonSerializable(typeof(LimitConfig))]
[JsonSerializable(typeof(QuotaConfig))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, LimitConfig>))]
internal sealed partial class StorageJson : JsonSerializerContext
{
    public static string Write(GlobRule value) => JsonSerializer.Serialize(value, Default.GlobRule);

    public static string Write(PermissionConfig value) => JsonSerializer.Serialize(value, Default.PermissionConfig);

    public static string? Write(LimitConfig? value) => value is null ? null : JsonSerializer.Serialize(value, Default.LimitConfig);

    public static string? Write(QuotaConfig value) => value == Model.QuotaConfig.None ? null : JsonSerializer.Serialize(value, Default.QuotaConfig);

    public static string Write(IReadOnlyList<string> value) => JsonSerializer.Serialize(value, Default.IReadOnlyListString);

    public static string? Write(IReadOnlyDictionary<string, LimitConfig> value) =>
        value.Count == 0 ? null : JsonSerializer.Serialize(value, Default.IReadOnlyDictionaryStringLimitConfig);

    public static GlobRule Globs(string json) => JsonSerializer.Deserialize(json, Default.GlobRule) ?? throw Missing();

    public static PermissionConfig Permissions(string json) => JsonSerializer.Deserialize(json, Default.PermissionConfig) ?? throw Missing();

    public static LimitConfig? Limits(string? json) => json is null ? null : JsonSerializer.Deserialize(json, Default.LimitConfig);

    public static IReadOnlyDictionary<string, LimitConfig> ToolLimits(string? json) => json is null
        ? new Dictionary<string, LimitConfig>()
        : JsonSerializer.Deserialize(json, Default.IReadOnlyDictionaryStringLimitConfig) ?? throw Missing();

    public static QuotaConfig Quotas(string? json) => json is null ? Model.QuotaConfig.None : JsonSerializer.Deserialize(json, Default.QuotaConfig) ?? throw Missing();

    public static IReadOnlyList<string> Strings(string json) => JsonSerializer.Deserialize(json, Default.IReadOnlyListString) ?? throw Missing();

    private static JsonException Missing() => new("null where a value is required");
}
