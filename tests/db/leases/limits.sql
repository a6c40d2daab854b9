-- Limits of a user: calls a minute, subscriptions.

begin;
select plan(19);

select tests.supplier_user(tests.supplier('Bloom'));
select tests.supplier_user(tests.supplier('Petal'));

-- The rate, with the time as an argument

create function tests.take(name text, at timestamptz) returns wedsync_realtime.problem language sql
as $$
    select wedsync_realtime.take_rate(tests.signed_up(name), 'subscribe', s, at)
    from wedsync_realtime.settings as s
$$;

select results_eq(
    $$
        select g.call, (tests.take('Ann', '2027-01-01 12:00:00+00')).retry_after
        from generate_series(1, 12) as g (call)
    $$,
    $$
        select g.call, case when g.call > 10 then 6 end
        from generate_series(1, 12) as g (call)
    $$,
    'take_rate: a burst of 10 passes, the next waits 6 seconds'
);
select results_eq(
    $$
        select v.at, (tests.take('Ann', '2027-01-01 12:00:00+00'::timestamptz + v.at)).retry_after
        from (values
            (interval '3 seconds'), ('5.9 seconds'), ('6 seconds'), ('6 seconds'), ('11 seconds'),
            ('18 seconds'), ('18 seconds'), ('18 seconds')
        ) as v (at)
    $$,
    $$
        values
            (interval '3 seconds', 3), ('5.9 seconds', 1), ('6 seconds', null), ('6 seconds', 6),
            ('11 seconds', 1), ('18 seconds', null), ('18 seconds', null), ('18 seconds', 6)
    $$,
    'take_rate: one call comes back every 6 seconds, and a refused one costs nothing'
);
select is(
    (
        select count(*)
        from generate_series(1, 12) as g (call)
        where (tests.take('Ann', '2027-01-01 13:00:00+00')).code is null
    ),
    10::bigint, 'take_rate: after a rest the burst is whole again, and no more'
);
select is(
    (tests.take('Ann', '2026-12-31 00:00:00+00')).retry_after,
    6, 'take_rate: a clock set back by a day makes nobody wait longer than for a full burst'
);
select is(
    (tests.take('Ann', '2026-12-31 00:00:06+00')).code,
    null, 'take_rate: a clock set back by a day stops nobody for the day'
);
select is(
    (tests.take('Bob', '2027-01-01 12:00:00+00')).code,
    null, 'take_rate: one user takes nothing from another'
);

-- The rate, through the door; calls come back so slowly that none does before the eleventh

update wedsync_realtime.settings set subscribe_per_minute = 1;
select tests.become_user(tests.supplier_user(tests.supplier('Petal')));
select results_eq(
    $$
        select (public.realtime_subscribe(array['form-responses'], jsonb_build_object(
            'supplier_id', tests.supplier('Petal')
        )) ->> 'code')
        from generate_series(1, 11)
    $$,
    $$ select case when g = 11 then 'rate_limited' end from generate_series(1, 11) as g $$,
    'realtime_subscribe: the eleventh call at once is rate_limited'
);
select is(
    public.realtime_subscribe(array['client-profiles'], jsonb_build_object(
        'supplier_id', tests.supplier('Petal')
    )) - 'retryAfter' - 'hint',
    '{
        "success": false, "code": "rate_limited", "status": 429,
        "error": "Rate limit exceeded", "details": null
    }',
    'realtime_subscribe: beyond the rate answers 429 Rate limit exceeded'
);
select ok(
    (current_setting('response.headers')::jsonb #>> '{0,Retry-After}')::integer between 1 and 60,
    'realtime_subscribe: beyond the rate sets Retry-After'
);
select is(
    (select array_agg(s.channel_name) from public.realtime_subscriptions as s),
    array['form-responses'], 'realtime_subscribe: a refused call changes nothing'
);
select is(
    public.realtime_ping() ->> 'pinged', '1', 'realtime_ping: is not limited by the rate'
);

-- Subscriptions of a user

select tests.become_superuser();
update wedsync_realtime.settings
set subscribe_burst = 1000, subscriptions_per_user = 3;
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select set_config('tests.first', public.realtime_subscribe(
    array['form-responses', 'journey-progress'],
    jsonb_build_object('supplier_id', tests.supplier('Bloom'))
)::text, true);
select is(
    public.realtime_subscribe(
        array['client-profiles', 'supplier-profile'],
        jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) - 'retryAfter' - 'hint',
    '{
        "success": false, "code": "connection_limit", "status": 429,
        "error": "Connection limit reached", "details": "user: 2 of 3 subscriptions"
    }',
    'realtime_subscribe: beyond the user''s limit answers 429 Connection limit reached'
);
select is(
    (select count(*) from public.realtime_subscriptions), 2::bigint,
    'realtime_subscribe: a call succeeds or fails as a whole'
);
select is(
    public.realtime_subscribe(
        array['form-responses', 'journey-progress', 'client-profiles'],
        jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'success',
    'true', 'realtime_subscribe: renewals do not count against the user'
);
select is(
    public.realtime_subscribe(
        array['form-responses'], jsonb_build_object('supplier_id', tests.supplier('Bloom')),
        tests.id('connection', 'second')
    ) ->> 'code',
    'connection_limit', 'realtime_subscribe: connections share the user''s limit'
);

-- Expired leases give way, and only they

select tests.become_superuser();
update public.realtime_subscriptions set last_ping_at = now() - interval '6 minutes'
where channel_name = 'form-responses' and tenant_id = tests.supplier('Bloom');
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select is(
    public.realtime_subscribe(
        array['form-responses', 'supplier-profile'],
        jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'code',
    'connection_limit',
    'realtime_subscribe: an expired lease that the call itself asks for gives no room'
);
select is(
    public.realtime_subscribe(
        array['supplier-profile'], jsonb_build_object('supplier_id', tests.supplier('Bloom'))
    ) ->> 'success',
    'true', 'realtime_subscribe: an expired lease gives way'
);
select results_eq(
    $$ select s.channel_name from public.realtime_subscriptions as s order by s.channel_name $$,
    $$ values ('client-profiles'), ('journey-progress'), ('supplier-profile') $$,
    'realtime_subscribe: live leases stay'
);
select results_eq(
    $$
        select l.channel_id from public.realtime_activity_logs as l where l.event_type = 'expired'
    $$,
    $$ select current_setting('tests.first')::jsonb #>> '{subscriptions,0,channel}' $$,
    'realtime_subscribe: what gave way stands in the audit as expired'
);

select * from finish();
rollback;
