-- The server, service_role: reads all tracking rows, cleans up, sees sums; writes nothing by hand.

begin;
select plan(25);

select tests.supplier_user(tests.supplier('Bloom'));
select tests.couple_user(tests.couple('Ann and Bob'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select set_config('tests.channels', (public.realtime_subscribe(
    array['form-responses', 'client-profiles'],
    jsonb_build_object('supplier_id', tests.supplier('Bloom'))
) -> 'subscriptions')::text, true);
select tests.become_user(tests.couple_user(tests.couple('Ann and Bob')));
select public.realtime_subscribe(
    array['core-fields'], jsonb_build_object('couple_id', tests.couple('Ann and Bob'))
);
insert into public.core_fields (couple_id) values (tests.couple('Ann and Bob'));

-- Read

select tests.become_service();
select is(
    (select count(*) from public.realtime_subscriptions), 3::bigint,
    'realtime_subscriptions: service_role reads all'
);
select is(
    (select count(*) from public.realtime_activity_logs), 3::bigint,
    'realtime_activity_logs: service_role reads all'
);
select results_eq(
    $$
        select s ->> 'activeConnections', s ->> 'todayMessages', s ->> 'avgMessagesPerConnection'
        from public.realtime_connection_stats() as s
    $$,
    $$ values ('2', '1', '0.50') $$,
    'realtime_connection_stats: counts connections, today''s messages and their ratio'
);
select is(
    public.realtime_subscribe(array['form-responses']) ->> 'code', 'unauthorized',
    'realtime_subscribe: service_role is no user'
);

-- Write nothing

select throws_ok(
    v.statement, '42501', 'permission denied for table ' || v.relation,
    v.relation || ': service_role may not ' || v.verb
)
from (values
    ('realtime_subscriptions', 'insert',
        'insert into public.realtime_subscriptions (user_id) values (gen_random_uuid())'),
    ('realtime_subscriptions', 'update', 'update public.realtime_subscriptions set active = true'),
    ('realtime_subscriptions', 'delete', 'delete from public.realtime_subscriptions'),
    ('realtime_activity_logs', 'insert',
        'insert into public.realtime_activity_logs (event_type) values (''x'')'),
    ('realtime_activity_logs', 'update',
        'update public.realtime_activity_logs set payload = ''{}'''),
    ('realtime_activity_logs', 'delete', 'delete from public.realtime_activity_logs'),
    ('realtime_activity_logs', 'truncate', 'truncate public.realtime_activity_logs'),
    ('events', 'read', 'select from wedsync_realtime.events'),
    ('settings', 'change', 'update wedsync_realtime.settings set subscribe_burst = 1')
) as v (relation, verb, statement);

-- Partitions made later, where the platform grants new tables away

select tests.become_superuser();
alter default privileges in schema public
grant all on tables to anon, authenticated, service_role;
alter default privileges in schema wedsync_realtime
grant all on tables to anon, authenticated, service_role;
select wedsync_realtime.add_partition(
    'public.realtime_activity_logs', '2031-01-01 00:00:00+00', '1 month'
);
select wedsync_realtime.add_partition(
    'wedsync_realtime.events', '2031-01-01 00:00:00+00', '1 day'
);
select table_privs_are(
    v.schema_name, v.relation, v.role_name, '{}', v.relation || ': a new partition, ' || v.role_name
    || ' reaches it through its parent alone'
)
from (values
    ('public', 'realtime_activity_logs_203101', 'anon'),
    ('public', 'realtime_activity_logs_203101', 'authenticated'),
    ('public', 'realtime_activity_logs_203101', 'service_role'),
    ('wedsync_realtime', 'events_20310101', 'authenticated'),
    ('wedsync_realtime', 'events_20310101', 'service_role')
) as v (schema_name, relation, role_name);

-- Clean up

update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes'
where user_id = tests.supplier_user(tests.supplier('Bloom'));
select tests.become_service();
select is(
    public.realtime_connection_stats() ->> 'activeConnections', '1',
    'realtime_connection_stats: an expired connection is not active'
);
select is(
    public.cleanup_inactive_subscriptions(), 2,
    'cleanup_inactive_subscriptions: tells how many were silent for too long'
);
select results_eq(
    $$ select s.channel_name from public.realtime_subscriptions as s $$,
    $$ values ('core-fields') $$,
    'cleanup_inactive_subscriptions: live subscriptions stay'
);
select results_eq(
    $$
        select l.channel_id, l.user_id
        from public.realtime_activity_logs as l where l.event_type = 'expired'
        order by l.channel_id
    $$,
    $$
        select c ->> 'channel', tests.supplier_user(tests.supplier('Bloom'))
        from jsonb_array_elements(current_setting('tests.channels')::jsonb) as c
        order by 1
    $$,
    'cleanup_inactive_subscriptions: each removal stands in the audit as expired'
);
select is(
    public.cleanup_inactive_subscriptions(), 0,
    'cleanup_inactive_subscriptions: nothing is left to do the second time'
);

-- The monitor

select tests.become_superuser();
set local role wedsync_realtime_monitor;
select is(
    public.realtime_connection_stats() ->> 'activeConnections', '1',
    'realtime_connection_stats: the monitor may call it'
);
select throws_ok(
    $$ select public.cleanup_inactive_subscriptions() $$,
    '42501', 'permission denied for function cleanup_inactive_subscriptions',
    'cleanup_inactive_subscriptions: the monitor may not call it'
);

select * from finish();
rollback;
