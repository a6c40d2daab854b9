-- The contract of the RPCs: names, arguments, privileges, and the keys of every answer.

begin;
select plan(65);

create temporary table rpcs as
select *
from (values
    ('realtime_subscribe', 'subscribe', '{text[],jsonb,uuid}', 'jsonb', 'users',
        'channels text[], filters jsonb DEFAULT ''{}''::jsonb, '
        'connection_id uuid DEFAULT NULL::uuid'),
    ('realtime_unsubscribe', 'unsubscribe', '{text}', 'jsonb', 'users', 'channel text'),
    ('realtime_unsubscribe_all', 'unsubscribe_all', '{uuid}', 'jsonb', 'users',
        'connection_id uuid DEFAULT NULL::uuid'),
    ('realtime_ping', 'ping', '{text,uuid}', 'jsonb', 'users',
        'channel_name text DEFAULT NULL::text, connection_id uuid DEFAULT NULL::uuid'),
    ('realtime_poll', 'poll', '{text,text,integer}', 'jsonb', 'users',
        'channel text, cursor text DEFAULT NULL::text, max_events integer DEFAULT 100'),
    ('realtime_status', 'status', '{}', 'jsonb', 'users', ''),
    ('realtime_connection_stats', 'connection_stats', '{}', 'jsonb', 'server', ''),
    ('cleanup_inactive_subscriptions', 'cleanup', '{}', 'integer', 'server', '')
) as r (name, body, arguments, answer, callers, signature);

select has_function('public', r.name, r.arguments::text[], r.name || ': exists') from rpcs as r;
select is(
    pg_get_function_arguments(to_regproc('public.' || r.name)), r.signature,
    r.name || ': has the argument names and defaults of the contract'
)
from rpcs as r;
select function_returns(
    'public', r.name, r.arguments::text[], r.answer, r.name || ': returns ' || r.answer
)
from rpcs as r;
select isnt_definer('public', r.name, r.arguments::text[], r.name || ': runs as its caller')
from rpcs as r;
select is_definer(
    'wedsync_realtime', r.body, r.arguments::text[], r.body || ': runs as its owner'
)
from rpcs as r;
select is(
    (
        select string_agg(v.role_name, ' ' order by v.role_name)
        from (values ('anon'), ('authenticated'), ('service_role'), ('wedsync_realtime_monitor'))
            as v (role_name)
        where has_function_privilege(
            v.role_name, to_regproc('public.' || r.name), 'execute'
        )
    ),
    case
        when r.callers = 'users' then 'anon authenticated service_role'
        when r.name = 'realtime_connection_stats' then 'service_role wedsync_realtime_monitor'
        else 'service_role'
    end,
    r.name || ': may be called by whom it is for'
)
from rpcs as r;
select policies_are(
    'public', 'realtime_subscriptions', array[
        'realtime_subscriptions_select_user', 'realtime_subscriptions_select_service',
        'realtime_subscriptions_all_owner'
    ],
    'realtime_subscriptions: has no policy to write'
);
select policies_are(
    'public', 'realtime_activity_logs', array[
        'realtime_activity_logs_select_user', 'realtime_activity_logs_select_service',
        'realtime_activity_logs_all_owner'
    ],
    'realtime_activity_logs: has no policy to write'
);

-- Answers

create function pg_temp.keys(answer jsonb)
    returns text
    language sql
as $$
    select string_agg(k, ' ' order by k) from jsonb_object_keys(answer) as k
$$;
grant execute on function pg_temp.keys to authenticated, service_role;

select tests.supplier_user(tests.supplier('Bloom'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
create temporary table answer as
select public.realtime_subscribe(array['form-responses'], jsonb_build_object(
    'supplier_id', tests.supplier('Bloom'), 'operations', array['UPDATE']
)) as body;
select is(
    pg_temp.keys(a.body), 'connectionId pingInterval subscriptions success',
    'realtime_subscribe: answers the keys of the contract'
)
from answer as a;
select is(
    pg_temp.keys(a.body #> '{subscriptions,0}'),
    'channel cursor expiresAt filter name postgresChanges status subject table topic',
    'realtime_subscribe: each subscription has the keys of the contract'
)
from answer as a;
select is(
    a.body #> '{subscriptions,0,postgresChanges}',
    jsonb_build_object(
        'event', 'UPDATE', 'schema', 'public', 'table', 'form_responses',
        'filter', 'supplier_id=eq.' || tests.supplier('Bloom')
    ),
    'realtime_subscribe: postgresChanges is what supabase-js takes'
)
from answer as a;
select is(
    a.body -> 'pingInterval', '100000', 'realtime_subscribe: pingInterval is in milliseconds'
)
from answer as a;
select is(
    pg_temp.keys(public.realtime_ping()), 'expiresAt pinged success',
    'realtime_ping: answers the keys of the contract'
);
select is(
    pg_temp.keys(public.realtime_poll(a.body #>> '{subscriptions,0,channel}')),
    'cursor events hasMore ready reason resyncRequired success',
    'realtime_poll: answers the keys of the contract'
)
from answer as a;
select ok(
    public.realtime_status() ?& array[
        'connected', 'activeChannels', 'messageCount', 'lastMessageAt', 'subscriptions', 'limits'
    ],
    'realtime_status: answers the keys of the contract'
);
select is(
    pg_temp.keys(public.realtime_unsubscribe(a.body #>> '{subscriptions,0,channel}')),
    'channel status success', 'realtime_unsubscribe: answers the keys of the contract'
)
from answer as a;
select is(
    pg_temp.keys(public.realtime_unsubscribe_all()), 'closed success',
    'realtime_unsubscribe_all: answers the keys of the contract'
);

-- Refusals

select is(
    public.realtime_ping() - 'hint',
    '{
        "success": false, "error": "Subscription expired", "code": "subscription_expired",
        "status": 410, "details": null, "retryAfter": null
    }',
    'realtime_ping: nothing left to ping answers 410'
);
select is(
    pg_temp.keys(public.realtime_poll('x')),
    'code details error hint retryAfter status success',
    'every refusal: has the keys of the contract'
);
select is(
    public.realtime_poll('x') ->> 'error', 'Subscription not found',
    'realtime_poll: what is not there answers Subscription not found'
);
select is(
    current_setting('response.status'), '404',
    'every refusal: its status is that of the HTTP answer'
);
select is(
    coalesce(current_setting('response.headers', true), ''), '',
    'every refusal: sets no header unless it is a 429'
);
select tests.become_service();
select ok(
    public.realtime_connection_stats() ?& array[
        'activeConnections', 'todayMessages', 'avgMessagesPerConnection'
    ],
    'realtime_connection_stats: answers the keys of the contract'
);

select * from finish();
rollback;
