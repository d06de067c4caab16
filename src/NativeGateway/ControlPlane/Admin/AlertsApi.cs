using NativeGateway.ControlPlane.Configuration;
using NativeGateway.ControlPlane.Notify;
using NativeGateway.Storage;

namespace NativeGateway.ControlPlane.Admin;

/// <summary><c>/alerts</c> of the caller's organization, or of any for an administrator of the instance.</summary>
internal sealed class AlertsApi(OutboxStore outbox)
{
    public async Task<AdminAnswer> ListAsync(AdminRequest request)
    {
        var faults = new List<ConfigFault>();
        var organization = UsageParameters.ReadId(request, "organizationId", faults) ?? request.Caller.OrganizationId;
        if (faults.Count > 0)
        {
            return AdminAnswer.Of(Problem.Malformed("A parameter of the query is wrong.", faults));
        }

        return request.Sees(organization)
            ? await Page.AnswerNewestAsync(
                request, (before, most) => outbox.ListAlertsAsync(organization, before, most, request.ClientGone), one => one.Id, AlertJson.Write)
            : AdminAnswer.Of(TenantRules.Unknown);
    }
}
