-- Upkeep: partitions ahead and behind, topics that go cold, rows of the rate that nobody needs.

begin;
select plan(20);

-- Partitions ahead

select wedsync_realtime.maintain_partitions();
select is(
    wedsync_realtime.maintain_partitions(), 0,
    'maintain_partitions: has nothing to do a second time'
);
select is(
    (
        select count(*)
        from generate_series(0, 2) as ahead (days)
        where to_regclass('wedsync_realtime.events_' || to_char(
            timezone('UTC', now()) + make_interval(days => ahead.days), 'YYYYMMDD'
        )) is not null
    ),
    3::bigint, 'maintain_partitions: the feed has partitions for today and two days more'
);
select is(
    (
        select count(*)
        from generate_series(0, 2) as ahead (months)
        where to_regclass('public.realtime_activity_logs_' || to_char(
            date_trunc('month', timezone('UTC', now())) + make_interval(months => ahead.months),
            'YYYYMM'
        )) is not null
    ),
    3::bigint, 'maintain_partitions: the audit has partitions for this month and two more'
);
select is(
    wedsync_realtime.add_partition(
        'wedsync_realtime.events', '2031-01-01 00:00:00+00', '1 day'
    ),
    1, 'add_partition: makes one'
);
select is(
    wedsync_realtime.add_partition(
        'wedsync_realtime.events', '2031-01-01 00:00:00+00', '1 day'
    ),
    0, 'add_partition: makes none a second time'
);
select ok(
    (
        select c.relrowsecurity
        from pg_class as c
        where c.oid = to_regclass('wedsync_realtime.events_20310101')
    ),
    'add_partition: a partition has row level security'
);
set local timezone = 'Pacific/Auckland';
select wedsync_realtime.add_partition(
    'wedsync_realtime.events', '2031-01-02 00:00:00+00', '1 day'
);
set local timezone = 'UTC';
select is(
    (
        select pg_get_expr(c.relpartbound, c.oid)
        from pg_class as c
        where c.oid = to_regclass('wedsync_realtime.events_20310102')
    ),
    'FOR VALUES FROM (''2031-01-02 00:00:00+00'') TO (''2031-01-03 00:00:00+00'')',
    'add_partition: a day is a day in UTC, wherever the session is'
);

-- Partitions behind

select tests.supplier_user(tests.supplier('Bloom'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select set_config('tests.old', (public.realtime_subscribe(
    array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
) #> '{subscriptions,0}')::text, true);
select tests.become_superuser();
select wedsync_realtime.add_partition(
    'wedsync_realtime.events', '2021-01-01 00:00:00+00', '1 day'
);
select wedsync_realtime.add_partition(
    'public.realtime_activity_logs', '2021-01-01 00:00:00+00', '1 month'
);
insert into wedsync_realtime.events (created_at, tenant_id, channel_id, operation)
select '2021-01-01 12:00:00+00' as created_at, t.tenant_id, t.channel_id, 'I' as operation
from wedsync_realtime.topics as t;
insert into public.realtime_activity_logs ("timestamp", event_type)
values ('2021-01-10 12:00:00+00', 'subscribed');
select ok(
    (select h.max_xid < pg_current_xact_id() from wedsync_realtime.feed_horizon as h),
    'drop_partitions: nothing of the feed has been dropped yet'
);
select is(
    wedsync_realtime.maintain_partitions(), 2,
    'maintain_partitions: drops what is past retention, of the feed and of the audit'
);
select is(
    to_regclass('wedsync_realtime.events_20210101'), null,
    'drop_partitions: the feed''s day past retention is gone'
);
select is(
    to_regclass('public.realtime_activity_logs_202101'), null,
    'drop_partitions: the audit''s month past retention is gone'
);
select is(
    (select h.max_xid from wedsync_realtime.feed_horizon as h), pg_current_xact_id(),
    'drop_partitions: notes the last transaction whose events are gone'
);
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select is(
    public.realtime_poll(
        current_setting('tests.old')::jsonb ->> 'channel',
        current_setting('tests.old')::jsonb ->> 'cursor'
    ) ->> 'reason',
    'retention_passed', 'realtime_poll: an older cursor is told to resync'
);
select tests.become_superuser();

-- Topics

select public.cleanup_inactive_subscriptions();
select is(
    (select t.idle_since from wedsync_realtime.topics as t), null,
    'cleanup: a topic with a lease is not idle'
);
delete from public.realtime_subscriptions;
select public.cleanup_inactive_subscriptions();
select isnt(
    (select t.idle_since from wedsync_realtime.topics as t), null,
    'cleanup: a topic without a lease is idle from then on'
);
select is(
    wedsync_realtime.cool_topics(), 0, 'cool_topics: leaves a topic that became idle just now'
);
update wedsync_realtime.topics set idle_since = now() - interval '25 hours';
select is(
    wedsync_realtime.cool_topics(), 1,
    'cool_topics: lets a topic go cold that was idle for as long as the feed is kept'
);
insert into wedsync_realtime.topics (channel_id, tenant_id, idle_since)
select c.id, tests.supplier('Bloom') as tenant_id, now() - interval '25 hours' as idle_since
from wedsync_realtime.channels as c
where c.name = 'form-responses';
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select public.realtime_subscribe(
    array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
);
select tests.become_superuser();
select is(
    wedsync_realtime.cool_topics(), 0,
    'cool_topics: leaves a topic that somebody listens to again'
);

-- Rates

insert into wedsync_realtime.rate_limits (user_id, action, full_at)
values (tests.id('user', 'quiet'), 'subscribe', now() - interval '1 day');
select wedsync_realtime.purge();
select is_empty(
    $$
        select r.* from wedsync_realtime.rate_limits as r
        where r.user_id = tests.id('user', 'quiet')
    $$,
    'purge: forgets the rate of who has been quiet'
);
select isnt_empty(
    $$
        select r.* from wedsync_realtime.rate_limits as r
        where r.user_id = tests.supplier_user(tests.supplier('Bloom'))
    $$,
    'purge: keeps the rate of who called just now'
);

select * from finish();
rollback;
