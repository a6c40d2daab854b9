-- realtime_activity_logs: users read their own, service_role reads all.
-- No policy to insert, update or delete for clients: the audit is written by the system alone.

revoke all on public.realtime_activity_logs from public, anon, authenticated, service_role;
revoke all on public.realtime_activity_logs_default from public, anon, authenticated, service_role;
grant select on public.realtime_activity_logs to authenticated, service_role;

drop policy if exists realtime_activity_logs_select_user on public.realtime_activity_logs;
create policy realtime_activity_logs_select_user on public.realtime_activity_logs
for select to authenticated using (user_id = (select auth.uid()));
comment on policy realtime_activity_logs_select_user on public.realtime_activity_logs is
'Users read what they did.';

drop policy if exists realtime_activity_logs_select_service on public.realtime_activity_logs;
create policy realtime_activity_logs_select_service on public.realtime_activity_logs
for select to service_role using (true);
comment on policy realtime_activity_logs_select_service on public.realtime_activity_logs is
'The server reads all.';

drop policy if exists realtime_activity_logs_all_owner on public.realtime_activity_logs;
create policy realtime_activity_logs_all_owner on public.realtime_activity_logs
for all to wedsync_realtime_owner using (true) with check (true);
comment on policy realtime_activity_logs_all_owner on public.realtime_activity_logs is
'The definer functions, which decide for themselves.';
grant select, insert on public.realtime_activity_logs to wedsync_realtime_owner;
grant update (payload) on public.realtime_activity_logs to wedsync_realtime_owner;
