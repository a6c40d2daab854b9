-- Which suppliers and couples cause the traffic and the refusals.

create or replace view wedsync_realtime.noisy_tenants as
select
    t.tenant_id,
    wedsync_realtime.tenant_kind(t.tenant_id) as kind,
    wedsync_realtime.tenant_name(t.tenant_id) as tenant_name,
    coalesce(e.events_1h, 0) as events_1h,
    coalesce(e.events_24h, 0) as events_24h,
    coalesce(round(e.events_24h / nullif(sum(e.events_24h) over (), 0), 4), 0) as share,
    coalesce(r.refusals_1h, 0) as refusals_1h,
    coalesce(r.refusals_24h, 0) as refusals_24h,
    coalesce(n.subscriptions, 0) as subscriptions
from (
    select
        q.tenant_id,
        coalesce(
            sum(q.events) filter (where q.at > now() - interval '1 hour'), 0
        )::bigint as events_1h,
        sum(q.events)::bigint as events_24h
    from (
        select c.tenant_id, c.quarter + interval '15 minutes' as at, c.events
        from wedsync_realtime.topic_quarters as c
        where c.quarter > now() - interval '24 hours'
        union all
        select u.tenant_id, u.minute, u.events
        from wedsync_realtime.metrics_horizon as h
        cross join lateral wedsync_realtime.recent_events(h.seen, h.seen) as u
        where u.minute > now() - interval '24 hours'
    ) as q
    group by q.tenant_id
) as e
full join wedsync_realtime.tenant_refusals() as r on e.tenant_id = r.tenant_id
cross join lateral (select coalesce(e.tenant_id, r.tenant_id) as tenant_id) as t
left join wedsync_realtime.tenants as n on t.tenant_id = n.tenant_id;

comment on view wedsync_realtime.noisy_tenants is
'Suppliers and couples with events or refusals in the last day; order it by what is too much.';
comment on column wedsync_realtime.noisy_tenants.tenant_id is 'Supplier or couple.';
comment on column wedsync_realtime.noisy_tenants.kind is 'supplier or couple.';
comment on column wedsync_realtime.noisy_tenants.tenant_name is 'Its name.';
comment on column wedsync_realtime.noisy_tenants.events_1h is
'Events recorded for it in the last hour, begun quarters included.';
comment on column wedsync_realtime.noisy_tenants.events_24h is
'Events recorded for it in the last 24 hours, by quarters of an hour.';
comment on column wedsync_realtime.noisy_tenants.share is 'Its share of all events of 24 hours.';
comment on column wedsync_realtime.noisy_tenants.refusals_1h is
'Calls of its users refused in the last hour.';
comment on column wedsync_realtime.noisy_tenants.refusals_24h is
'Calls of its users refused in the last 24 hours.';
comment on column wedsync_realtime.noisy_tenants.subscriptions is 'Subscriptions it holds.';
revoke all on wedsync_realtime.noisy_tenants from public, anon, authenticated, service_role;
grant select on wedsync_realtime.noisy_tenants to wedsync_realtime_monitor;
