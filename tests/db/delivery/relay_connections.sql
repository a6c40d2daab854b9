-- Whom a relay lets in, whose leases it renews and ends, and what it is told of these.

begin;
select plan(18);

select tests.begin_draining();
select set_config('tests.topic', 'wedsync.event.form-responses.' || tests.supplier('Bloom'), true);
select set_config('tests.user', tests.supplier_user(tests.supplier('Bloom'))::text, true);
update wedsync_realtime.settings set subscribe_burst = 1000;

select tests.become_user(current_setting('tests.user')::uuid);
select tests.subscribed_subject('{}', 'all');
select set_config(
    'tests.drafts', tests.subscribed_subject('{"operations": ["UPDATE", "INSERT"]}', c), true
)
from unnest(array['drafts', 'same']) as c;
select tests.subscribed_subject('{"operations": ["DELETE"]}', 'gone');
select tests.become_superuser();

-- Who is let in

select set_config(
    'tests.claims', jsonb_build_object('sub', current_setting('tests.user'))::text, true
);
select is(
    wedsync_realtime.admit(current_setting('tests.claims')::jsonb, tests.id('connection', 'same')),
    jsonb_build_object(
        'success', true, 'userId', current_setting('tests.user'), 'expiresAt', null,
        'connectionId', tests.id('connection', 'same'),
        'subjects', array[current_setting('tests.drafts')]
    ),
    'admit: names the subjects of the connection''s subscriptions'
);
select is(
    wedsync_realtime.admit(
        current_setting('tests.claims')::jsonb || '{"exp": 32503680000}',
        tests.id('connection', 'new')
    ) - 'connectionId' - 'userId',
    '{"success": true, "subjects": [], "expiresAt": "3000-01-01T00:00:00+00:00"}',
    'admit: lets in a connection that has none yet, until the token expires'
);
select is(
    wedsync_realtime.admit(c.claims, tests.id('connection', 'same')) ->> 'code', 'unauthorized',
    'admit: refuses ' || c.who
)
from (values
    (null::jsonb, 'no claims'), ('[]', 'claims that are a list'), ('{"sub": "me"}', 'no uuid'),
    (current_setting('tests.claims')::jsonb || '{"role": "anon"}', 'the anonymous role'),
    (current_setting('tests.claims')::jsonb || '{"exp": 1}', 'an expired token'),
    (current_setting('tests.claims')::jsonb || '{"exp": "soon"}', 'an expiry that is no time')
) as c (claims, who);
select is(
    wedsync_realtime.admit(current_setting('tests.claims')::jsonb, null) ->> 'code',
    'invalid_request', 'admit: refuses a connection without a name'
);

-- Connections that are up, and gone

select tests.forget_feed();
update public.realtime_subscriptions set last_ping_at = last_ping_at - interval '1 hour'
where connection_id = tests.id('connection', 'gone');
select is(
    wedsync_realtime.keep_alive(
        array_fill(current_setting('tests.user')::uuid, array[2]),
        array[tests.id('connection', 'all'), tests.id('connection', 'gone')]
    ),
    1, 'keep_alive: renews live subscriptions and brings back none that expired'
);
select is(
    wedsync_realtime.renewal_interval(), interval '30 seconds',
    'renewal_interval: is half a minute, however much later subscriptions expire'
);
update wedsync_realtime.settings set stale_after = '12 seconds', ping_interval = '4 seconds';
select is(
    wedsync_realtime.renewal_interval(), interval '4 seconds',
    'renewal_interval: leaves time for two more before a subscription expires'
);
update wedsync_realtime.settings set stale_after = '5 minutes', ping_interval = '100 seconds';
select is(
    wedsync_realtime.close_connections(
        array_fill(current_setting('tests.user')::uuid, array[2]),
        array[tests.id('connection', 'drafts'), tests.id('connection', 'all')]
    ),
    0, 'close_connections: leaves alone what has been renewed lately, by a poll perhaps'
);
select is(
    wedsync_realtime.doubt_connections(
        array_fill(current_setting('tests.user')::uuid, array[2]),
        array[tests.id('connection', 'drafts'), tests.id('connection', 'gone')]
    ),
    1, 'doubt_connections: has the next poll renew what was renewed lately'
);
select is(
    wedsync_realtime.close_connections(
        array_fill(current_setting('tests.user')::uuid, array[2]),
        array[tests.id('connection', 'drafts'), tests.id('connection', 'gone')]
    ),
    2, 'close_connections: ends the subscriptions of these connections'
);
select wedsync_realtime.cleanup_batch();
select set_eq(
    $$ select f.filter ->> 'operations' from wedsync_realtime.filters as f $$,
    $$ values ('["INSERT", "UPDATE"]') $$,
    'cleanup_batch: drops a filter that no subscription asks for any more'
);
select is(
    tests.drained(),
    'ended expired: connection gone 1, ended expired: connection gone 1, position',
    'drain: tells of subscriptions that ended'
);

-- What it says of itself

select wedsync_realtime.report_relay(jsonb_build_object(
    'id', tests.id('relay', 'one'), 'is_leader', true, 'connections', r.n, 'last_error', r.error
))
from (values (3, 'no route to host'), (4, null)) as r (n, error);
select results_eq(
    'select r.is_leader, r.connections, r.last_error from wedsync_realtime.relays as r',
    $$ values (true, 4::bigint, 'no route to host') $$, 'report_relay: keeps one row a relay'
);

select * from finish();
rollback;
