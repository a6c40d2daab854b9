-- The monitor: sees who listens, what moves, what is refused and how the jobs do.

begin;
select plan(14);

create temporary table cast_of as
select
    tests.supplier('Bloom') as bloom, tests.supplier('<b>Petal</b>') as petal,
    tests.supplier_user(tests.supplier('Bloom')) as owner,
    tests.supplier_user(tests.supplier('<b>Petal</b>')) as rival;
grant select on cast_of to wedsync_realtime_monitor, authenticated;
select tests.become_user((select c.owner from cast_of as c));
select public.realtime_subscribe(
    array['form-responses', 'client-profiles'], jsonb_build_object('supplier_id', c.bloom),
    '11111111-1111-4111-8111-111111111111'
) from cast_of as c;
select tests.become_user((select c.rival from cast_of as c));
select public.realtime_subscribe(
    array['form-responses'], jsonb_build_object('supplier_id', c.petal)
) from cast_of as c;
select public.realtime_subscribe(
    array['form-responses'], jsonb_build_object('supplier_id', c.bloom)
) from cast_of as c cross join generate_series(1, 3);
select public.realtime_subscribe(array['weather']);
select tests.become_superuser();
insert into public.form_responses (supplier_id)
select c.bloom from cast_of as c cross join generate_series(1, 6);
insert into public.form_responses (supplier_id) select c.petal from cast_of as c;
insert into public.clients (supplier_id) select c.bloom from cast_of as c;
update public.realtime_subscriptions
set last_ping_at = now() - interval '2 minutes', created_at = now() - interval '1 hour'
where channel_name = 'form-responses' and tenant_id = tests.supplier('Bloom');
update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes'
where channel_name = 'client-profiles';
select wedsync_realtime.job_step('cleanup', now() + interval '1 second');
update wedsync_realtime.job_runs set last_success_at = now() - interval '1 day'
where job = 'partitions';

set local role wedsync_realtime_monitor;
select results_eq(
    $$
        select
            l.user_id, l.topic, l.tenant_name, l.events_sent,
            date_trunc('minute', l.lag), l.is_expired
        from wedsync_realtime.live_connections as l order by l.lag desc
    $$,
    $$
        select v.*
        from cast_of as c cross join lateral (values
            (c.owner, 'form-responses:' || c.bloom, 'Bloom', 6::bigint, interval '2 min', false),
            (c.rival, 'form-responses:' || c.petal, '<b>Petal</b>', 1, '0 min', false)
        ) as v
    $$,
    'live_connections: who listens to what, what came, and how far behind'
);
select results_eq(
    $$
        select l.tenant_name, l.kind, l.subscriptions, l.max_subscriptions, l.load, l.connections
        from wedsync_realtime.tenant_load as l order by l.tenant_name
    $$,
    $$
        values
            ('<b>Petal</b>', 'supplier', 1, 1000, 0.001, 1::bigint),
            ('Bloom', 'supplier', 1, 1000, 0.001, 1)
    $$,
    'tenant_load: tenants against their limits'
);
select results_eq(
    $$
        select
            t.channel, t.events_1m, t.events_1h, t.events_24h, t.events_per_second, t.hot_topics,
            t.last_event_at > now() - interval '1 minute'
        from wedsync_realtime.channel_throughput as t
        where t.events_24h > 0 order by t.channel
    $$,
    $$
        values
            ('client-profiles', 1::bigint, 1::bigint, 1::bigint, 0.017, 1::bigint, true),
            ('form-responses', 7, 7, 7, 0.117, 2, true)
    $$,
    'channel_throughput: events of each channel'
);
select is(
    (select count(*) from wedsync_realtime.channel_throughput), 7::bigint,
    'channel_throughput: a row for every channel'
);
select results_eq(
    $$
        select r.code, r.action, r.refusals_1h, r.refusals_24h, r.users_24h
        from wedsync_realtime.refusals as r order by r.code
    $$,
    $$
        values
            ('forbidden_channel', 'subscribe', 3::bigint, 3::bigint, 1::bigint),
            ('unknown_channel', 'subscribe', 1, 1, 1)
    $$,
    'refusals: calls by reason, counted'
);
select results_eq(
    $$
        select
            n.tenant_name, n.kind, n.events_1h, n.events_24h, n.share, n.refusals_1h,
            n.subscriptions
        from wedsync_realtime.noisy_tenants as n order by n.events_1h desc
    $$,
    $$
        values
            ('Bloom', 'supplier', 7::bigint, 7::bigint, 0.8750, 0::bigint, 1),
            ('<b>Petal</b>', 'supplier', 1, 1, 0.1250, 4, 1)
    $$,
    'noisy_tenants: events and refusals of each tenant'
);
select results_eq(
    $$
        select h.job, h.status, h.last_rows, h.runs
        from wedsync_realtime.job_history as h order by h.job
    $$,
    $$
        values
            ('cleanup', 'ok', 1::bigint, 1::bigint), ('metrics', 'never', null, 0),
            ('partitions', 'late', null, 0), ('purge', 'never', null, 0)
    $$,
    'job_history: each job'
);
select results_eq(
    $$
        select f.parent, count(*), bool_or(f.is_overdue), sum(f.rows) filter (where f.is_default)
        from wedsync_realtime.feed_size as f group by f.parent order by f.parent
    $$,
    $$ values ('events', 4::bigint, false, 0::numeric), ('realtime_activity_logs', 4, false, 0) $$,
    'feed_size: partitions of feed and audit'
);
select results_eq(
    $$
        select a.event_type, a.code, a.channel, sum(coalesce((a.payload ->> 'count')::integer, 1))
        from wedsync_realtime.recent_activity as a group by 1, 2, 3 order by 1, 2, 3
    $$,
    $$
        values
            ('expired', null, 'client-profiles', 1::bigint),
            ('refused', 'forbidden_channel', 'form-responses', 3),  -- in a row a minute
            ('refused', 'unknown_channel', 'weather', 1),
            ('subscribed', null, 'client-profiles', 1),
            ('subscribed', null, 'form-responses', 2)
    $$,
    'recent_activity: what happened in the last hour'
);
select is(
    (select count(*) from wedsync_realtime.rpc_timing), 7::bigint, 'rpc_timing: every RPC'
);
select is(
    (
        select l.outcome
        from cast_of as c
        cross join lateral wedsync_realtime.explain_access(c.owner, 'form-responses', '{}') as l
        where l.topic = 'filters'
    ),
    'refused', 'explain_access: the monitor may ask'
);

-- The history, from the minutes that are over
reset role;
update public.realtime_activity_logs set "timestamp" = "timestamp" - interval '3 minutes';
update wedsync_realtime.metrics_horizon set activity_until = now() - interval '10 minutes';
select wedsync_realtime.job_step('metrics', now());
set local role wedsync_realtime_monitor;
select results_eq(
    $$
        select
            h.connections, h.subscriptions, h.tenants, h.hot_topics, h.refusals, h.subscribes,
            h.expired, h.lagging, date_trunc('minute', h.max_lag), h.feed_bytes > 0
        from wedsync_realtime.metrics_history as h
    $$,
    $$
        values (
            2::bigint, 2::bigint, 2::bigint, 3::bigint, 4::bigint, 3::bigint, 1::bigint,
            1::bigint, '2 minutes'::interval, true
        )
    $$,
    'metrics_history: a row'
);
select results_eq(
    $$
        select a.event_type, a.code, sum(a.count)
        from wedsync_realtime.activity_history as a group by 1, 2 order by 1, 2
    $$,
    $$
        values
            ('expired', '', 1::numeric), ('refused', 'forbidden_channel', 3),
            ('refused', 'unknown_channel', 1), ('subscribed', '', 3)
    $$,
    'activity_history: what happened, by the minute'
);
select is_empty(
    'select h.* from wedsync_realtime.channel_history as h',
    'channel_history: nothing of a transaction that has not committed'
);

select * from finish();
rollback;
