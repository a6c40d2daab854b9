-- Limits of a supplier or couple, whose users share them; and the settings that hold all limits.

begin;
select plan(22);

select tests.supplier_user(tests.supplier('Bloom'), 'one');
select tests.supplier_user(tests.supplier('Bloom'), 'two');
select tests.supplier_user(tests.supplier('Petal'));
update wedsync_realtime.settings set subscribe_burst = 1000, subscriptions_per_tenant = 3;

-- All users of a tenant share its limit

select tests.become_user(tests.supplier_user(tests.supplier('Bloom'), 'one'));
select set_config('tests.first', public.realtime_subscribe(
    array['form-responses', 'journey-progress'],
    jsonb_build_object('supplier_id', tests.supplier('Bloom'))
)::text, true);
select tests.become_user(tests.supplier_user(tests.supplier('Bloom'), 'two'));
select is(
    public.realtime_subscribe(
        array['form-responses', 'journey-progress'],
        jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) - 'retryAfter' - 'hint',
    '{
        "success": false, "code": "connection_limit", "status": 429,
        "error": "Connection limit reached", "details": "tenant: 2 of 3 subscriptions"
    }',
    'realtime_subscribe: beyond the tenant''s limit answers 429, whichever user asks'
);
select is(
    public.realtime_subscribe(
        array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'success',
    'true', 'realtime_subscribe: up to the tenant''s limit is admitted'
);
select is(
    public.realtime_subscribe(
        array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'success',
    'true', 'realtime_subscribe: a renewal does not count against the tenant'
);
select tests.become_user(tests.supplier_user(tests.supplier('Petal')));
select is(
    public.realtime_subscribe(
        array['form-responses', 'journey-progress', 'client-profiles'],
        jsonb_build_object('supplier_id', tests.supplier('Petal'))
    ) ->> 'success',
    'true', 'realtime_subscribe: a tenant at its limit takes nothing from another'
);

-- The override of one tenant

select tests.become_superuser();
update wedsync_realtime.tenants set max_subscriptions = 4
where tenant_id = tests.supplier('Bloom');
select tests.become_user(tests.supplier_user(tests.supplier('Bloom'), 'two'));
select is(
    public.realtime_status() #>> '{limits,subscriptionsPerTenant}', '4',
    'realtime_status: shows the tenant''s own limit'
);
select is(
    public.realtime_subscribe(
        array['journey-progress'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'success',
    'true', 'realtime_subscribe: the tenant''s own limit holds at once'
);
select is(
    public.realtime_subscribe(
        array['client-profiles'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'details',
    'tenant: 4 of 4 subscriptions', 'realtime_subscribe: the tenant''s own limit is a limit'
);
select tests.become_superuser();
select results_eq(
    $$
        select l.payload::text ~ 'max_subscriptions'
            and l.payload::text ~ tests.supplier('Bloom')::text
        from public.realtime_activity_logs as l
        where l.event_type like '%\_changed'
        order by l."timestamp" desc limit 1
    $$,
    $$ values (true) $$,
    'tenants: a changed limit stands in the audit'
);

-- Expired leases of the tenant's users give way

update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes'
where user_id = tests.supplier_user(tests.supplier('Bloom'), 'one');
select tests.become_user(tests.supplier_user(tests.supplier('Bloom'), 'two'));
select is(
    public.realtime_subscribe(
        array['client-profiles', 'supplier-profile'],
        jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'success',
    'true', 'realtime_subscribe: expired leases of other users of the tenant give way'
);
select tests.become_superuser();
insert into public.realtime_subscriptions (
    user_id, connection_id, channel_id, channel_name, table_name, topic_id, since, tenant_id
)
select
    s.user_id, tests.id('connection', 'by hand') as connection_id,
    s.channel_id || '0' as channel_id, s.channel_name, s.table_name, s.topic_id, s.since,
    s.tenant_id
from public.realtime_subscriptions as s;
select results_eq(
    $$ select t.tenant_id, t.subscriptions from wedsync_realtime.tenants as t order by 1 $$,
    $$
        select s.tenant_id, count(*)::integer
        from public.realtime_subscriptions as s group by s.tenant_id order by s.tenant_id
    $$,
    'tenants: the counter is the number of leases, those inserted by hand among them'
);
delete from public.realtime_subscriptions;
select is_empty(
    $$ select t.* from wedsync_realtime.tenants as t where t.subscriptions <> 0 $$,
    'tenants: deleted leases are counted off'
);

-- Settings

select is(
    (
        select
            array[
                s.subscribe_per_minute, s.channels_per_call, s.subscriptions_per_user,
                extract(epoch from s.stale_after)::integer,
                extract(epoch from s.feed_retention)::integer / 3600,
                extract(day from s.log_retention)::integer
            ]
        from wedsync_realtime.settings as s
    ),
    array[10, 10, 20, 300, 24, 90],
    'settings: the defaults are those that callers are told'
);
select results_eq(
    $$
        select l.user_id, l.payload #> '{changes,subscriptions_per_tenant}'
        from public.realtime_activity_logs as l where l.event_type = 'settings_changed'
    $$,
    $$ values (null::uuid, '[1000, 3]'::jsonb) $$,
    'settings: a change stands in the audit with the old and the new value'
);
update wedsync_realtime.settings set subscribe_burst = 1000;
select is(
    (
        select count(*)
        from public.realtime_activity_logs as l
        where l.event_type = 'settings_changed'
    ),
    1::bigint, 'settings: an update that changes nothing leaves no row'
);
select throws_ok(
    $$ insert into wedsync_realtime.settings default values $$,
    '23505', null, 'settings: there is one row'
);
select throws_ok(v.change, '23514', null, 'settings: refuses ' || v.change)
from (values
    ('update wedsync_realtime.settings set subscribe_per_minute = 0'),
    ('update wedsync_realtime.settings set subscribe_burst = 0'),
    ('update wedsync_realtime.settings set channels_per_call = 101'),
    ('update wedsync_realtime.settings set subscriptions_per_user = 0'),
    ('update wedsync_realtime.settings set stale_after = ''0 seconds'''),
    ('update wedsync_realtime.settings set ping_interval = ''3 minutes'''),
    ('update wedsync_realtime.settings set event_bytes = 1')
) as v (change);

select * from finish();
rollback;
