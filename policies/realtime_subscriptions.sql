-- realtime_subscriptions: users read their own, service_role reads all.
-- No policy to insert, update or delete for clients: a client that may write its own lease has
-- no limits.

revoke all on public.realtime_subscriptions from public, anon, authenticated, service_role;
grant select on public.realtime_subscriptions to authenticated, service_role;

drop policy if exists realtime_subscriptions_select_user on public.realtime_subscriptions;
create policy realtime_subscriptions_select_user on public.realtime_subscriptions
for select to authenticated using (user_id = (select auth.uid()));
comment on policy realtime_subscriptions_select_user on public.realtime_subscriptions is
'Users read their own subscriptions.';

drop policy if exists realtime_subscriptions_select_service on public.realtime_subscriptions;
create policy realtime_subscriptions_select_service on public.realtime_subscriptions
for select to service_role using (true);
comment on policy realtime_subscriptions_select_service on public.realtime_subscriptions is
'The server reads all.';

drop policy if exists realtime_subscriptions_all_owner on public.realtime_subscriptions;
create policy realtime_subscriptions_all_owner on public.realtime_subscriptions
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy realtime_subscriptions_all_owner on public.realtime_subscriptions is
'The definer functions, which decide for themselves.';
grant select, insert, delete on public.realtime_subscriptions to wedsync_realtime_owner;
grant update (topic_id, since, filter_params, last_ping_at) on public.realtime_subscriptions
to wedsync_realtime_owner;
