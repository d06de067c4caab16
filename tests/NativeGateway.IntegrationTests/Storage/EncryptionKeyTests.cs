using System.Security.Cryptography;
using NativeGateway.Shared;
using NativeGateway.Storage;
using Xunit;

namespace NativeGateway.IntegrationTests.Storage;

public sealed class EncryptionKeyTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Data => Path.Combine(_directory.Path, "data");

    private string KeyFile => Path.Combine(Data, EncryptionKey.FileName);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_first_start_makes_a_key_that_later_starts_find()
    {
        var first = EncryptionKey.LoadOrCreate(Data, null);
        var second = EncryptionKey.LoadOrCreate(Data, " ");

        Assert.Equal(first.Bytes, second.Bytes);
        Assert.Equal([KeyFile], Directory.GetFileSystemEntries(Data));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
    }

    [Fact]
    public async Task Processes_that_start_at_once_agree_on_one_key()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ =>
            Task.Run(() => Convert.ToHexString(EncryptionKey.LoadOrCreate(Data, null).Bytes)))).WaitAsync(TestTime.Limit);

        Assert.Single(ids.Distinct());
        Assert.Equal([KeyFile], Directory.GetFileSystemEntries(Data));
    }

    [Fact]
    public void The_environment_beats_the_file_in_base64_and_in_hexadecimal()
    {
        var bytes = RandomNumberGenerator.GetBytes(32);

        Assert.Equal(bytes, EncryptionKey.LoadOrCreate(Data, Convert.ToBase64String(bytes) + "\n").Bytes);
        Assert.Equal(bytes, EncryptionKey.LoadOrCreate(Data, Convert.ToHexStringLower(bytes)).Bytes);
        Assert.False(Directory.Exists(Data));
    }

    [Theory]
    [InlineData("short-secret")]
    [InlineData("zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")]
    [InlineData("AAECAwQFBgcICQoLDA0ODw==")]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj")]
    public void What_is_no_key_is_refused_without_repeating_it(string text)
    {
        var fault = Assert.Throws<StoreConfigurationException>(() => EncryptionKey.LoadOrCreate(Data, text));

        Assert.Contains(EncryptionKey.EnvironmentVariable, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text, fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_key_file_that_others_may_use_is_refused(UnixFileMode excess)
    {
        EncryptionKey.LoadOrCreate(Data, null);
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | excess);

        var fault = Assert.Throws<StoreConfigurationException>(() => EncryptionKey.LoadOrCreate(Data, null));

        Assert.Contains($"chmod 600 {KeyFile}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_cannot_be_made_is_reported_with_the_alternative()
    {
        File.WriteAllText(Data, "a file is in the way");

        var fault = Assert.Throws<StoreConfigurationException>(() => EncryptionKey.LoadOrCreate(Data, null));

        Assert.Contains(EncryptionKey.EnvironmentVariable, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Derived_keys_are_the_same_everywhere_and_different_for_each_purpose()
    {
        var text = Convert.ToBase64String(new byte[32]);
        var (key, same) = (EncryptionKey.Parse(text, "one"), EncryptionKey.Parse(text, "another"));

        Assert.Equal(32, key.Derive("a").Length);
        Assert.Equal(key.Derive("a"), same.Derive("a"));
        Assert.NotEqual(key.Derive("a"), key.Derive("b"));
        Assert.NotEqual(key.Bytes.ToArray(), key.Derive("a"));
        Assert.NotEqual(key.Derive("a"), EncryptionKey.Parse(Convert.ToBase64String([1, .. new byte[31]]), "one").Derive("a"));
    }
}
