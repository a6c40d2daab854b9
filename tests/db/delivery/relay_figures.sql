-- What relays say of themselves, as the monitor sees it, and for how long.

begin;
select plan(29);

create function tests.report(told jsonb) returns text language sql
as $$ select (jsonb_build_object('id', tests.id('relay', 'hostile')) || told)::text $$;

set local role wedsync_realtime_monitor;
select is_empty(
    $$ select m.* from wedsync_realtime.metrics() as m where m.name ~ '_relay_' $$,
    'metrics: nothing of relays where none has reported'
);
select results_eq(
    $$ select h.status, h.value from wedsync_realtime.health() as h where h.name = 'relay' $$,
    $$ values ('ok', 'not used') $$, 'health: a relay need not be used'
);
reset role;

select wedsync_realtime.report_relay(jsonb_build_object('id', tests.id('relay', r.name)) || r.told)
from (values
    (
        'leads',
        '{
            "is_leader": true, "lag_events": 12, "lag_seconds": 1.5, "connections": 1234,
            "logins": 2000, "refused": {"expired": 7, "signature": 2}, "kicks": 3,
            "slow_consumers": 4, "published": 500000, "last_error": "no route to host"
        }'::jsonb
    ),
    ('stands by', '{"is_leader": false, "lag_events": 0, "lag_seconds": 0, "logins": 10}'),
    ('died', '{"is_leader": true, "lag_events": 5, "lag_seconds": 9, "published": 80}'),
    ('of yesterday', '{"is_leader": true}')
) as r (name, told);
update wedsync_realtime.relays as r
set
    seen_at = now() - case r.id
        when tests.id('relay', 'died') then interval '5 minutes' else interval '25 hours'
    end
where r.id in (tests.id('relay', 'died'), tests.id('relay', 'of yesterday'));
update wedsync_realtime.relays set last_error_at = now() - interval '2 minutes';

set local role wedsync_realtime_monitor;
select results_eq(
    $$
        select
            r.is_alive, r.is_leader, date_trunc('hour', r.age), r.lag_events, r.lag,
            r.connections, r.logins, r.refused, r.refusals, r.kicks, r.slow_consumers,
            r.published, r.last_error
        from wedsync_realtime.relay_status as r
        where r.logins = 2000 or r.published = 80
        order by r.seen_at desc
    $$,
    $$
        values
            (
                true, true, interval '0', 12::bigint, interval '1.5 s', 1234::bigint,
                2000::bigint, '{"expired": 7, "signature": 2}'::jsonb, 9::bigint, 3::bigint,
                4::bigint, 500000::bigint, 'no route to host'
            ),
            (false, false, '0', 5, '9 s', null, null, '{}', 0, null, null, 80, null)
    $$,
    'relay_status: what each has told; one that is silent leads no more'
);
select results_eq(
    $$ select h.status, h.value from wedsync_realtime.health() as h where h.name = 'relay' $$,
    $$ values ('ok', '2 alive, 1234 connections, lag 1.5 s, 12 events') $$,
    'health: one leads, and an error that has passed is none'
);
select results_eq(
    $$
        select m.name, m.labels ->> 'reason', sum(m.value)
        from wedsync_realtime.metrics_relay() as m
        where m.name not like '%timestamp%'
        group by m.name, m.labels ->> 'reason'
        order by m.name, m.labels ->> 'reason'
    $$,
    $$
        values
            ('relay_connections', null, 1234::double precision), ('relay_kicks_total', null, 3),
            ('relay_lag_events', null, 12), ('relay_lag_seconds', null, 1.5),
            ('relay_leader', null, 1), ('relay_logins_total', null, 2010),
            ('relay_published_total', null, 500080), ('relay_refusals_total', 'expired', 7),
            ('relay_refusals_total', 'signature', 2), ('relay_slow_consumers_total', null, 4),
            ('relay_up', null, 2)
    $$,
    'metrics: the counters of all, and how those that live are doing'
);
reset role;

-- How long it stays

create function pg_temp.left_over() returns bigint language sql
as 'select count(*) from wedsync_realtime.relays';
select wedsync_realtime.purge();
select is(pg_temp.left_over(), 3::bigint, 'purge: forgets the relays of yesterday');
update wedsync_realtime.relays set seen_at = seen_at - interval '1 week';
select wedsync_realtime.purge();
select is(pg_temp.left_over(), 3::bigint, 'purge: the last that reported are missed for ever');
delete from wedsync_realtime.relays
where published is distinct from 80;
update wedsync_realtime.relays set last_error = 'no answer';
select wedsync_realtime.report_relay(jsonb_build_object('id', r.id))
from wedsync_realtime.relays as r;
select is(
    (select r.last_error_at < now() from wedsync_realtime.relays as r), true,
    'report_relay: a report without an error leaves the last one as old as it is'
);
select wedsync_realtime.report_relay(jsonb_build_object('id', r.id, 'last_error', 'no answer'))
from wedsync_realtime.relays as r;
select is(
    (select r.last_error_at > now() from wedsync_realtime.relays as r), true,
    'report_relay: the same error again is a new one'
);

-- How many stay

delete from wedsync_realtime.relays;
select wedsync_realtime.report_relay(jsonb_build_object('id', tests.id('relay', n::text)))
from generate_series(1, 150) as n;
select is(pg_temp.left_over(), 100::bigint, 'report_relay: keeps 100, however many report');
select wedsync_realtime.report_relay(jsonb_build_object('id', tests.id('relay', '51')));
select wedsync_realtime.report_relay(jsonb_build_object('id', tests.id('relay', 'one more')));
select set_eq(
    'select r.id from wedsync_realtime.relays as r',
    $$
        select tests.id('relay', coalesce(n::text, 'one more'))
        from unnest(array[51, null] || array(select generate_series(53, 150))) as n
    $$,
    'report_relay: those that were silent for longest make room'
);
delete from wedsync_realtime.relays;

-- What is none

set local role wedsync_realtime_relay;
select throws_ok(
    format('select wedsync_realtime.report_relay(%L)', r.told), r.code, null,
    'report_relay: refuses ' || r.what
)
from (values
    ('nothing', null, '22023'),
    ('a number', '5', '22023'),
    ('who has no id', '{"is_leader": true}', '22023'),
    ('an id that is none', '{"id": "me"}', '22P02'),
    ('negative figures', tests.report('{"logins": 1, "kicks": -1}'), '22023'),
    ('a negative lag', tests.report('{"lag_seconds": -0.5}'), '22023'),
    ('a lag that is no number', tests.report('{"lag_seconds": "NaN"}'), '22023'),
    ('a lag without an end', tests.report('{"lag_seconds": "Infinity"}'), '22023'),
    ('figures past counting', tests.report('{"published": 9223372036854775808}'), '22003'),
    ('refusals that are no object', tests.report('{"refused": [1]}'), '22023'),
    ('refusals that are not counted', tests.report('{"refused": {"expired": "many"}}'), '22023'),
    ('refusals of no number', tests.report('{"refused": {"expired": null}}'), '22023'),
    ('refusals below none', tests.report('{"refused": {"expired": -1}}'), '22023'),
    (
        'more than 8 kB',
        tests.report(jsonb_build_object('refused', jsonb_build_object(repeat('x', 9000), 1))),
        '22023'
    )
) as r (what, told, code);
select lives_ok(
    format('select wedsync_realtime.report_relay(%L)', r.told), 'report_relay: takes ' || r.what
)
from (values
    ('a long error', tests.report(jsonb_build_object('last_error', repeat('no answer ', 10000)))),
    ('an error that moves the cursor', tests.report('{"last_error": "\u001b[2J\u0007done"}'))
) as r (what, told);
reset role;
select is(
    (
        select r.last_error from wedsync_realtime.relays as r
        where r.id = tests.id('relay', 'hostile')
    ),
    ' [2J done', 'report_relay: what moves a terminal is taken out'
);
select lives_ok(
    'select count(*) from wedsync_realtime.metrics()', 'metrics: can read all that was taken'
);

select * from finish();
rollback;
