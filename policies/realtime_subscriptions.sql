-- realtime_subscriptions: users read their own, service_role reads all.
-- No policy to insert, update or delete for clients: a client that may write its own lease has
-- no limits.

revoke all on public.realtime_subscriptions from public, anon, authenticated, service_role;
grant select on public.realtime_subscriptions to authenticated, service_role;

select wedsync_realtime.ensure_policy(
    'public.realtime_subscriptions', 'realtime_subscriptions_select_user',
    'for select to authenticated using (user_id = (select auth.uid()))',
    'Users read their own subscriptions.'
);

select wedsync_realtime.ensure_policy(
    'public.realtime_subscriptions', 'realtime_subscriptions_select_service',
    'for select to service_role using (true)',
    'The server reads all.'
);

select wedsync_realtime.ensure_policy(
    'public.realtime_subscriptions', 'realtime_subscriptions_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert, delete on public.realtime_subscriptions to wedsync_realtime_owner;
grant update (topic_id, since, filter_params, filter_id, last_ping_at)
on public.realtime_subscriptions to wedsync_realtime_owner;
