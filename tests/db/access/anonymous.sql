-- Nobody: anon, and callers whose claims name no user. Answered 401, and let into nothing.

begin;
select plan(41);

select tests.supplier_user(tests.supplier('Bloom'));

-- anon

select tests.become_anonymous();
create temporary table answers as
select a.function, a.answer, current_setting('response.status', true) as status
from (values
    ('realtime_subscribe', public.realtime_subscribe(array['form-responses'])),
    ('realtime_unsubscribe', public.realtime_unsubscribe('x')),
    ('realtime_unsubscribe_all', public.realtime_unsubscribe_all()),
    ('realtime_ping', public.realtime_ping()),
    ('realtime_poll', public.realtime_poll('x')),
    ('realtime_status', public.realtime_status())
) as a (function, answer);
select is(
    a.answer,
    '{
        "success": false, "error": "Unauthorized", "code": "unauthorized", "status": 401,
        "details": null, "hint": null, "retryAfter": null
    }',
    a.function || ': anon is answered 401'
)
from answers as a;
select is(
    current_setting('response.status'), '401',
    'realtime_subscribe: 401 is the status of the HTTP answer'
);
select throws_ok(
    'select public.' || v.function, '42501', 'permission denied for function ' || v.name,
    v.name || ': anon may not call it'
)
from (values
    ('realtime_connection_stats', 'realtime_connection_stats()'),
    ('cleanup_inactive_subscriptions', 'cleanup_inactive_subscriptions()')
) as v (name, function);
select throws_ok(
    'select ' || v.call, '42501', 'permission denied for schema wedsync_realtime',
    v.call || ': anon may not call it'
)
from (values
    ('wedsync_realtime.caller_id()'),
    ('wedsync_realtime.subscribe(array[''form-responses''], ''{}'', null)'),
    ('wedsync_realtime.cleanup()')
) as v (call);
select throws_ok(
    'select from public.' || v.relation, '42501', 'permission denied for table ' || v.relation,
    v.relation || ': anon reads nothing'
)
from (values
    ('realtime_subscriptions'), ('realtime_activity_logs'), ('suppliers'), ('couples'),
    ('user_profiles'), ('clients'), ('form_responses'), ('journey_progress'), ('core_fields'),
    ('wedding_details')
) as v (relation);

-- Claims that name no user

select tests.become_superuser();
create temporary table malformed as
select v.claims
from (values
    (''), ('{}'), ('null'), ('[]'), ('"sub"'), ('7'), ('no json'), ('{"sub": '),
    ('{"sub": null}'), ('{"sub": ""}'), ('{"sub": "admin"}'), ('{"sub": 7}'), ('{"sub": {"a": 1}}'),
    ('{"sub": "00000000-0000-0000-0000-00000000000"}'),
    ('{"role": "service_role"}'), (repeat('[', 100000))
) as v (claims);
grant select on malformed to authenticated;
set local role authenticated;
select is(
    (
        select count(*)
        from (select set_config('request.jwt.claims', m.claims, true) as claims) as c
        cross join lateral (values
            (public.realtime_subscribe(array['form-responses'])),
            (public.realtime_unsubscribe(left(c.claims, 1) || 'x')),
            (public.realtime_unsubscribe_all()),
            (public.realtime_ping(left(c.claims, 1))),
            (public.realtime_poll(left(c.claims, 1) || 'x')),
            (public.realtime_status())
        ) as a (answer)
        where a.answer ->> 'code' = 'unauthorized' and a.answer ->> 'status' = '401'
    ),
    6::bigint, 'every RPC: the claims ' || left(m.claims, 40) || ' are nobody''s, 401'
)
from malformed as m;
select set_config('request.jwt.claims', '', true);
select is_empty(
    $$ select from public.realtime_activity_logs $$, 'realtime_activity_logs: nobody reads no row'
);

-- On record

select tests.become_superuser();
select results_eq(
    $$
        select l.user_id, l.payload ->> 'action', sum((l.payload ->> 'count')::integer)::integer
        from public.realtime_activity_logs as l
        where l.payload ->> 'code' = 'unauthorized' and l.payload ->> 'action' = 'subscribe'
        group by 1, 2
    $$,
    $$ values (null::uuid, 'subscribe', 16) $$,
    'realtime_activity_logs: malformed claims are counted'
);
select is_empty(
    $$ select from public.realtime_subscriptions $$, 'realtime_subscriptions: nobody holds a lease'
);

select * from finish();
rollback;
