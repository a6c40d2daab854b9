-- A lease from its beginning to its end: renewed, pinged, polled, shown by status, closed.

begin;
select plan(24);

select tests.supplier_user(tests.supplier('Bloom'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select set_config('tests.first', public.realtime_subscribe(
    array['form-responses', 'journey-progress', 'client-profiles'],
    jsonb_build_object('supplier_id', tests.supplier('Bloom'))
)::text, true);
select results_eq(
    $$
        select s."connectionId", count(*)
        from jsonb_to_recordset(public.realtime_status() -> 'subscriptions')
            as s ("connectionId" uuid)
        group by s."connectionId"
    $$,
    $$ values ('00000000-0000-0000-0000-000000000000'::uuid, 3::bigint) $$,
    'realtime_subscribe: without a connection all leases belong to the one default'
);

-- Renew

select is(
    public.realtime_subscribe(array['form-responses'], jsonb_build_object(
        'supplier_id', tests.supplier('Bloom'), 'operations', array['INSERT']
    )) #> '{subscriptions,0,channel}',
    current_setting('tests.first')::jsonb #> '{subscriptions,0,channel}',
    'realtime_subscribe: renewing keeps the channel id'
);
select results_eq(
    $$
        select s.channel_id, s.filter_params
        from public.realtime_subscriptions as s where s.channel_name = 'form-responses'
    $$,
    $$
        select
            current_setting('tests.first')::jsonb #>> '{subscriptions,0,channel}',
            jsonb_build_object(
                'operations', array['INSERT'], 'supplier_id', tests.supplier('Bloom')
            )
    $$,
    'realtime_subscribe: renewing keeps one row and takes the new filters'
);
select results_eq(
    $$
        select l.event_type, count(*)
        from public.realtime_activity_logs as l
        where l.channel_id = current_setting('tests.first')::jsonb #>> '{subscriptions,0,channel}'
        group by l.event_type order by l.event_type
    $$,
    $$ values ('renewed', 1::bigint), ('subscribed', 1::bigint) $$,
    'realtime_subscribe: opening and renewing stand in the audit'
);
select set_config('tests.second', public.realtime_subscribe(
    array['form-responses', 'client-profiles'],
    jsonb_build_object('supplier_id', tests.supplier('Bloom')), tests.id('connection', 'second')
)::text, true);
select isnt(
    current_setting('tests.second')::jsonb #> '{subscriptions,0,channel}',
    current_setting('tests.first')::jsonb #> '{subscriptions,0,channel}',
    'realtime_subscribe: another connection has a lease and a channel id of its own'
);
select is(
    current_setting('tests.second')::jsonb ->> 'connectionId',
    tests.id('connection', 'second')::text,
    'realtime_subscribe: the connection is answered'
);

-- Ping

select is(
    public.realtime_ping() - 'expiresAt', '{"success": true, "pinged": 5}',
    'realtime_ping: without arguments all of the caller are renewed'
);
select is(
    public.realtime_ping('form-responses') ->> 'pinged', '2',
    'realtime_ping: a name renews that channel on all connections'
);
select is(
    public.realtime_ping(
        current_setting('tests.second')::jsonb #>> '{subscriptions,0,channel}'
    ) ->> 'pinged',
    '1', 'realtime_ping: a channel id renews one'
);
select is(
    public.realtime_ping(null, tests.id('connection', 'second')) ->> 'pinged', '2',
    'realtime_ping: a connection renews its own'
);
select is(
    public.realtime_ping('journey-progress', tests.id('connection', 'second')) ->> 'code',
    'subscription_expired', 'realtime_ping: nothing left to ping is subscription_expired'
);
select tests.become_superuser();
update public.realtime_subscriptions set last_ping_at = now() - interval '4 minutes';
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select public.realtime_ping(null, tests.id('connection', 'second'));
select results_eq(
    $$
        select s.connection_id = tests.id('connection', 'second'), count(*)
        from public.realtime_subscriptions as s where s.last_ping_at > now()
        group by 1
    $$,
    $$ values (true, 2::bigint) $$,
    'realtime_ping: only what was named lives longer'
);

-- Poll

select set_config('tests.poll', public.realtime_poll(
    current_setting('tests.first')::jsonb #>> '{subscriptions,2,channel}',
    current_setting('tests.first')::jsonb #>> '{subscriptions,2,cursor}'
)::text, true);
select is(
    current_setting('tests.poll')::jsonb - 'cursor' - 'ready',
    '{
        "success": true, "events": [], "hasMore": false,
        "resyncRequired": false, "reason": null
    }',
    'realtime_poll: without a change there are no events'
);
select ok(
    (
        select s.last_ping_at > now()
        from public.realtime_subscriptions as s
        where s.channel_id = current_setting('tests.first')::jsonb #>> '{subscriptions,2,channel}'
    ),
    'realtime_poll: keeps the lease alive'
);

-- Status

select is(
    public.realtime_status() - 'subscriptions' - 'limits' - 'success',
    '{
        "connected": true,
        "activeChannels": ["client-profiles", "form-responses", "journey-progress"],
        "messageCount": 0, "lastMessageAt": null
    }',
    'realtime_status: a subscriber is connected'
);
insert into public.form_responses (supplier_id) values (tests.supplier('Bloom'));
select is(
    (public.realtime_status() ->> 'lastMessageAt')::timestamptz > now(), true,
    'realtime_status: tells when the last message came'
);

-- Unsubscribe

select is(
    public.realtime_unsubscribe(
        current_setting('tests.first')::jsonb #>> '{subscriptions,0,channel}'
    ),
    jsonb_build_object(
        'success', true, 'status', 'closed',
        'channel', current_setting('tests.first')::jsonb #> '{subscriptions,0,channel}'
    ),
    'realtime_unsubscribe: closes one subscription'
);
select is(
    public.realtime_unsubscribe(
        current_setting('tests.first')::jsonb #>> '{subscriptions,0,channel}'
    ) ->> 'code',
    'subscription_not_found', 'realtime_unsubscribe: a closed one is not found again'
);
select is(
    public.realtime_poll(
        current_setting('tests.first')::jsonb #>> '{subscriptions,0,channel}'
    ) ->> 'code',
    'subscription_not_found', 'realtime_poll: a closed subscription is not found'
);
select is(
    public.realtime_unsubscribe_all(tests.id('connection', 'second')),
    '{"success": true, "closed": 2}',
    'realtime_unsubscribe_all: a connection closes its own'
);
select is(
    jsonb_array_length(public.realtime_status() -> 'subscriptions'), 2,
    'realtime_unsubscribe_all: leaves the other connection alone'
);
select is(
    public.realtime_unsubscribe_all(), '{"success": true, "closed": 2}',
    'realtime_unsubscribe_all: without a connection closes everything'
);
select is(
    public.realtime_unsubscribe_all(), '{"success": true, "closed": 0}',
    'realtime_unsubscribe_all: with nothing left closes nothing'
);
select results_eq(
    $$
        select count(*), count(*) filter (where l.payload ->> 'reason' = 'by the user')
        from public.realtime_activity_logs as l where l.event_type = 'unsubscribed'
    $$,
    $$ values (5::bigint, 5::bigint) $$,
    'realtime_unsubscribe_all: every ending stands in the audit'
);

select * from finish();
rollback;
