-- Suppliers and couples against their limits.

create or replace view wedsync_realtime.tenant_load as
select
    t.tenant_id,
    wedsync_realtime.tenant_kind(t.tenant_id) as kind,
    wedsync_realtime.tenant_name(t.tenant_id) as tenant_name,
    t.subscriptions,
    l.max_subscriptions,
    t.max_subscriptions is not null as has_own_limit,
    round(t.subscriptions / nullif(l.max_subscriptions, 0)::numeric, 4) as load,
    (
        select count(*)
        from (
            select distinct s.user_id, s.connection_id
            from public.realtime_subscriptions as s
            where
                s.tenant_id = t.tenant_id
                and s.last_ping_at > statement_timestamp() - x.stale_after
        ) as c
    ) as connections
from wedsync_realtime.tenants as t
cross join wedsync_realtime.settings as x
cross join lateral (
    select coalesce(t.max_subscriptions, x.subscriptions_per_tenant) as max_subscriptions
) as l
where t.subscriptions > 0 or t.max_subscriptions is not null;

comment on view wedsync_realtime.tenant_load is
'Suppliers and couples that hold subscriptions or have a limit of their own. kind, tenant_name '
'and connections are looked up for each row that is shown.';
comment on column wedsync_realtime.tenant_load.tenant_id is 'Supplier or couple.';
comment on column wedsync_realtime.tenant_load.kind is
'supplier or couple; null when the application has neither.';
comment on column wedsync_realtime.tenant_load.tenant_name is 'Its name.';
comment on column wedsync_realtime.tenant_load.subscriptions is
'Subscriptions that count, expired ones too until cleanup or the next call ends them.';
comment on column wedsync_realtime.tenant_load.max_subscriptions is 'Its limit.';
comment on column wedsync_realtime.tenant_load.has_own_limit is
'The limit was set for it alone, by set_limit().';
comment on column wedsync_realtime.tenant_load.load is 'Share of the limit in use: 1 is full.';
comment on column wedsync_realtime.tenant_load.connections is
'Connections of its users with a live subscription.';
revoke all on wedsync_realtime.tenant_load from public, anon, authenticated, service_role;
grant select on wedsync_realtime.tenant_load to wedsync_realtime_monitor, wedsync_realtime_owner;
