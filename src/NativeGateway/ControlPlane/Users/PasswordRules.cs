namespace NativeGateway.ControlPlane.Users;

/// <summary>What a new password has to be: long, and nothing that is guessed first (NIST SP 800-63B, 3.1.1.2). No rules about kinds of characters.</summary>
internal static class PasswordRules
{
    public const int Shortest = 12;
    public const int Longest = 256;

    private const int FewestDifferent = 5;

    /// <summary>Why a password is refused, for a person; null when it is not. Never repeats anything of it.</summary>
    public static string? WhyRefused(string password, string email)
    {
        if (password.Length is < Shortest or > Longest)
        {
            return $"must have {Shortest} to {Longest} characters";
        }

        var local = email[..email.IndexOf('@', StringComparison.Ordinal)];
        return password.Distinct().Count() < FewestDifferent ? "repeats the same few characters; choose another one"
            : password.Contains(email, StringComparison.OrdinalIgnoreCase) || (local.Length > 3 && password.Contains(local, StringComparison.OrdinalIgnoreCase))
                ? "holds the e-mail address; choose another one"
            : null;
    }
}
