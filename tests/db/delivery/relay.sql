-- What a relay is handed: events once for all who listen, with subjects and cursors, and topics to
-- be read anew.

begin;
select plan(19);

select tests.begin_draining();
select set_config('tests.topic', 'wedsync.event.form-responses.' || tests.supplier('Bloom'), true);
select set_config('tests.user', tests.supplier_user(tests.supplier('Bloom'))::text, true);
update wedsync_realtime.settings set subscribe_burst = 1000, replay_events = 1000;

-- Who may

select ok(
    pg_has_role('wedsync_realtime_relay', 'authenticated', 'member')
    and not pg_has_role('wedsync_realtime_relay', 'authenticated', 'usage'),
    'relay: may become authenticated, and has none of its rights before'
);
select set_eq(
    $$
        select p.proname::text
        from pg_proc as p
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and has_function_privilege('wedsync_realtime_relay', p.oid, 'execute')
    $$,
    array[
        'drain', 'admit', 'keep_alive', 'close_connections', 'doubt_connections', 'report_relay',
        'hang_bell', 'hang_relay_bell', 'renewal_interval'
    ],
    'relay: may call these functions and no others'
);
set local role wedsync_realtime_relay;
select throws_ok(
    'select from wedsync_realtime.events', '42501', 'permission denied for table events',
    'relay: may read no table'
);
select throws_ok(
    $$ select wedsync_realtime.drain('1.a.0.3:3:.nonsense') $$,
    '22023', 'position is none that drain has answered', 'drain: refuses a made-up position'
);
select throws_ok(
    $$ select wedsync_realtime.drain(null, 0) $$,
    '22023', 'max_events must be between 1 and 10000', 'drain: refuses a page of nothing'
);
select results_eq(
    'select d.kind, d.next is null from wedsync_realtime.drain() as d',
    $$ values ('position', false) $$, 'drain: without a position begins now'
);

-- Subjects and events

select tests.become_user(current_setting('tests.user')::uuid);
select is(
    tests.subscribed_subject('{}', 'all'), current_setting('tests.topic'),
    'subscribe: names the subject of the topic'
);
select set_config('tests.drafts', tests.subscribed_subject(
    '{"where": [{"column": "status", "op": "eq", "value": "draft"},
        {"column": "form_name", "op": "in", "value": ["one", "two"]}],
        "operations": ["UPDATE", "INSERT"]}', 'drafts'
), true);
select matches(
    current_setting('tests.drafts'), '^' || current_setting('tests.topic') || '\.[0-9a-f]{32}$',
    'subscribe: names a subject of its own for a filter'
);
select is(
    tests.subscribed_subject(
        '{"where": [{"column": "form_name", "op": "in", "value": ["two", "one", "one"]},
            {"column": "status", "op": "eq", "value": "draft"}],
            "operations": ["INSERT", "UPDATE"]}', 'same'
    ),
    current_setting('tests.drafts'), 'subscribe: the same filter in other words has one subject'
);
select is(
    tests.subscribed_subject('{"operations": ["DELETE"]}', 'gone') in (
        current_setting('tests.topic'), current_setting('tests.drafts')
    ),
    false, 'subscribe: another filter has another subject'
);
select tests.become_superuser();
insert into public.form_responses (supplier_id, form_name, status)
values
    (tests.supplier('Bloom'), 'one', 'draft'), (tests.supplier('Petal'), 'cold', 'draft'),
    (tests.supplier('Bloom'), 'two', 'sent'), (tests.supplier('Bloom'), 'two', 'draft');
select is(
    tests.drained(), 'event one 2, event two 1, event two 2, position',
    'drain: tells each event of a hot topic once, with all subjects that it fits'
);
select is(
    tests.drained(2), 'event one 2, event two 1, position', 'drain: a page is cut where asked'
);
select is(
    (select d.body ->> 'id' from wedsync_realtime.drain((
        select e.next from wedsync_realtime.drain(current_setting('tests.position'), 2) as e
        where e.kind = 'position'
    )) as d
    where d.kind = 'event'),
    (select max(d.id)::text from wedsync_realtime.drain(current_setting('tests.position')) as d),
    'drain: goes on inside a page that was cut'
);
select is(
    (select array_agg(k order by k) from jsonb_object_keys((
        select d.body from wedsync_realtime.drain(current_setting('tests.position'), 1) as d
        where d.kind = 'event'
    )) as k),
    '{changed,commit_timestamp,event,eventType,id,new,old,schema,table,topic}',
    'drain: an event is as poll tells it, without the channel'
);

-- What must be read anew

select tests.forget_feed();
insert into public.form_responses (supplier_id)
select tests.supplier('Bloom') from generate_series(1, 1001);
select is(
    tests.drained(), 'resync too_far_behind 3, position',
    'drain: a topic with more new events than settings.replay_events is told to resync, once'
);
select tests.forget_feed();
truncate public.form_responses;
insert into public.form_responses (supplier_id) values (tests.supplier('Bloom'));
select is(
    tests.drained(), 'resync truncated 3, position', 'drain: a truncation is told as a resync'
);
select is(
    (select string_agg(d.kind || (d.body ->> 'reason'), ',') from wedsync_realtime.drain('') as d),
    'resyncstream_restarted', 'drain: a relay without its position makes every topic resync'
);
select tests.become_user(current_setting('tests.user')::uuid);
select public.realtime_unsubscribe_all();
select tests.become_superuser();
select tests.drained();
select is(
    (select string_agg(d.kind, ', ') from wedsync_realtime.drain('') as d),
    (
        select repeat('ended, ', count(*)::integer) || 'resync, position'
        from wedsync_realtime.notices as n
        where n.subject is not null
    ),
    'drain: a relay without its position is told of all that ended, before anything else'
);
select is(
    (
        with recursive pages (number, kinds, next) as (
            select 1, t.kinds, t.next
            from (
                select array_agg(d.kind) as kinds, max(d.next) as next
                from wedsync_realtime.drain('', 1) as d
            ) as t
            union all
            select p.number + 1, t.kinds, t.next
            from pages as p
            cross join lateral (
                select array_agg(d.kind) as kinds, max(d.next) as next
                from wedsync_realtime.drain(p.next, 1) as d
            ) as t
            where cardinality(p.kinds) = 2
        )

        select string_agg(p.kinds[1], ', ' order by p.number)
        from pages as p
        where cardinality(p.kinds) = 2
    ),
    (
        select repeat('ended, ', count(*)::integer) || 'resync'
        from wedsync_realtime.notices as n
        where n.subject is not null
    ),
    'drain: that it is told page by page, each once'
);

select * from finish();
rollback;
