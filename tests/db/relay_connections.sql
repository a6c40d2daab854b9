-- Whom a relay lets in, whose leases it renews and ends, and what it is told of these.

begin;
select plan(16);

-- A story is one transaction, whose own changes drain leaves for later: for what follows they were
-- made by one long ago, after the position from which it drains.
create function pg_temp.drained(max_events integer default 1000)
    returns text
    language plpgsql
as $$
declare
    v_told text;
begin
    update wedsync_realtime.events set xid = '3';
    update wedsync_realtime.notices set xid = '3', seen = '3:3:';
    update wedsync_realtime.resets set xid = '3';
    set local role wedsync_realtime_relay;
    select string_agg(concat_ws(' ', d.kind, coalesce(
        d.body #>> '{new,form_name}', d.body ->> 'reason'
    ), cardinality(d.subjects)), ', ')
    into v_told
    from wedsync_realtime.drain(current_setting('tests.position'), max_events) as d;
    reset role;
    return v_told;
end
$$;
create function pg_temp.forget()
    returns void
    language plpgsql
as $$
begin
    delete from wedsync_realtime.events;
    delete from wedsync_realtime.notices;
    delete from wedsync_realtime.resets;
end
$$;
create function pg_temp.subject(filters jsonb, connection text)
    returns text
    language sql
as $$
    select public.realtime_subscribe(
        '{form-responses}', filters || jsonb_build_object('supplier_id', tests.supplier('Bloom')),
        tests.id('connection', connection)
    ) #>> '{subscriptions,0,subject}'
$$;
grant execute on function pg_temp.subject to authenticated;
do $$
begin
    perform set_config('tests.position', wedsync_realtime.to_cursor(
        row(wedsync_realtime.epoch(), 0, '3:3:', null, null)::wedsync_realtime.cursor,
        (select x.cursor_secret from wedsync_realtime.settings as x)
    ), true);
end
$$;
select set_config('tests.topic', 'wedsync.event.form-responses.' || tests.supplier('Bloom'), true);
select set_config('tests.user', tests.supplier_user(tests.supplier('Bloom'))::text, true);
update wedsync_realtime.settings set subscribe_burst = 1000;

select tests.become_user(current_setting('tests.user')::uuid);
select pg_temp.subject('{}', 'all');
select set_config('tests.drafts', pg_temp.subject('{"operations": ["UPDATE", "INSERT"]}', c), true)
from unnest(array['drafts', 'same']) as c;
select pg_temp.subject('{"operations": ["DELETE"]}', 'gone');
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

select pg_temp.forget();
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
select set_eq(
    $$ select f.filter ->> 'operations' from wedsync_realtime.filters as f $$,
    $$ values ('["INSERT", "UPDATE"]') $$,
    'close_connections: a filter goes with the last subscription that asks for it'
);
select is(
    pg_temp.drained(),
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
