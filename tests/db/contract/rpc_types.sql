-- The type of each key in the answers of the RPCs, and times in UTC, in a session whose settings
-- are not the usual ones.

begin;
select plan(11);

set local timezone = 'Asia/Kathmandu';
set local datestyle = 'German, DMY';
set local intervalstyle = 'sql_standard';
set local extra_float_digits = -5;
set local bytea_output = 'escape';

create function pg_temp.types(answer jsonb)
    returns text
    language sql
as $$
    select string_agg(t.key || ' ' || jsonb_typeof(t.value), ', ' order by t.key)
    from jsonb_each(answer) as t
$$;
grant execute on function pg_temp.types to authenticated, service_role;

select tests.supplier_user(tests.supplier('Bloom'));
select tests.become_user(tests.supplier_user(tests.supplier('Bloom')));
select is(
    public.realtime_status() -> 'activeChannels', '[]',
    'realtime_status: without subscriptions names no channel'
);
create temporary table answer as
select public.realtime_subscribe(
    array['form-responses', 'client-profiles'],
    jsonb_build_object('supplier_id', tests.supplier('Bloom'))
) as body;
select is(
    pg_temp.types(a.body),
    'connectionId string, pingInterval number, subscriptions array, success boolean',
    'realtime_subscribe: each key has the type of the contract'
)
from answer as a;
select is(
    pg_temp.types(a.body #> '{subscriptions,0}'),
    'channel string, cursor string, expiresAt string, filter string, name string, '
    'postgresChanges object, status string, subject string, table string, topic string',
    'realtime_subscribe: each key of a subscription has the type of the contract'
)
from answer as a;
select is(
    pg_temp.types(public.realtime_poll(a.body #>> '{subscriptions,0,channel}')),
    'cursor string, events array, hasMore boolean, ready boolean, reason null, '
    'resyncRequired boolean, success boolean',
    'realtime_poll: each key has the type of the contract'
)
from answer as a;
select is(
    pg_temp.types(public.realtime_ping()), 'expiresAt string, pinged number, success boolean',
    'realtime_ping: each key has the type of the contract'
);
select is(
    pg_temp.types(public.realtime_status()),
    'activeChannels array, connected boolean, lastMessageAt null, limits object, '
    'messageCount number, subscriptions array, success boolean',
    'realtime_status: each key has the type of the contract'
);
select is(
    public.realtime_status() -> 'activeChannels', '["client-profiles", "form-responses"]',
    'realtime_status: names each channel once, sorted'
);
select ok(
    a.body #>> '{subscriptions,0,expiresAt}' like '%+00:00'
    and public.realtime_ping() ->> 'expiresAt' like '%+00:00'
    and public.realtime_status() #>> '{subscriptions,0,expiresAt}' like '%+00:00',
    'every answer: tells times in UTC, whatever the session''s zone'
)
from answer as a;
select is(
    pg_temp.types(public.realtime_unsubscribe(a.body #>> '{subscriptions,0,channel}')),
    'channel string, status string, success boolean',
    'realtime_unsubscribe: each key has the type of the contract'
)
from answer as a;
select is(
    pg_temp.types(public.realtime_unsubscribe_all()), 'closed number, success boolean',
    'realtime_unsubscribe_all: each key has the type of the contract'
);
select tests.become_service();
select is(
    pg_temp.types(public.realtime_connection_stats()),
    'activeConnections number, activeSubscriptions number, activeTenants number, '
    'avgMessagesPerConnection number, hotTopics number, lastDay object, refusedToday number, '
    'todayMessages number',
    'realtime_connection_stats: each key has the type of the contract'
);

select * from finish();
rollback;
