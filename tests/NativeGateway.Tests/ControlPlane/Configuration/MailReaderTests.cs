using NativeGateway.Model;
using NativeGateway.Tests.Hosting.Configuration;

namespace NativeGateway.Tests.ControlPlane.Configuration;

public sealed class MailReaderTests
{
    [Fact]
    public void A_mail_server_has_the_usual_port_of_its_security()
    {
        var mail = Read("""{"host":"mail.example.com","from":"gateway@example.com","user":"u","password":"p"}""")!;

        Assert.Equal(new MailServer("mail.example.com", 587, MailSecurity.StartTls, "gateway@example.com") { User = "u", Password = "p" }, mail);
        Assert.Equal(465, Read("""{"host":"m","from":"a@b.c","security":"tls"}""")!.Port);
        Assert.Equal(25, Read("""{"host":"m","from":"a@b.c","security":"none"}""")!.Port);
        Assert.Equal(2525, Read("""{"host":"m","from":"a@b.c","port":2525}""")!.Port);
        Assert.DoesNotContain("p", mail.ToString().Replace(nameof(MailServer), "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"from":"a@b.c"}""", "$.mail")]
    [InlineData("""{"host":"m"}""", "$.mail")]
    [InlineData("""{"host":"m:25","from":"a@b.c"}""", "$.mail.host")]
    [InlineData("""{"host":"m\r\nX","from":"a@b.c"}""", "$.mail.host")]
    [InlineData("""{"host":"m","from":"Gateway <a@b.c>"}""", "$.mail.from")]
    [InlineData("""{"host":"m","from":"a@b.c","security":"ssl"}""", "$.mail.security")]
    [InlineData("""{"host":"m","from":"a@b.c","port":0}""", "$.mail.port")]
    [InlineData("""{"host":"m","from":"a@b.c","user":"u"}""", "$.mail")]
    [InlineData("""{"host":"m","from":"a@b.c","security":"none","user":"u","password":"p"}""", "$.mail")]
    [InlineData("""{"host":"m","from":"a@b.c","user":"u","password":"p\u0000"}""", "$.mail.password")]
    [InlineData("""{"host":"m","from":"a@b.c","trustedCertificates":"/no/such.pem"}""", "$.mail.trustedCertificates")]
    public void What_could_not_work_is_a_fault(string mail, string where)
    {
        var file = ConfigText.Read($$"""{"mail":{{mail}}}""");

        Assert.Contains(file.Faults, fault => fault.Where == where);
    }

    private static MailServer? Read(string mail)
    {
        var file = ConfigText.ReadWhole($$"""{"mail":{{mail}}}""");
        return file.Registry.Settings.ApplyTo(GatewaySettings.Default).Mail;
    }
}
