-- realtime_activity_logs: users read their own, service_role reads all.
-- No policy to insert, update or delete for clients: the audit is written by the system alone.

revoke all on public.realtime_activity_logs from public, anon, authenticated, service_role;
revoke all on public.realtime_activity_logs_default from public, anon, authenticated, service_role;
grant select on public.realtime_activity_logs to authenticated, service_role;

select wedsync_realtime.ensure_policy(
    'public.realtime_activity_logs', 'realtime_activity_logs_select_user',
    'for select to authenticated using (user_id = (select auth.uid()))',
    'Users read what they did.'
);

select wedsync_realtime.ensure_policy(
    'public.realtime_activity_logs', 'realtime_activity_logs_select_service',
    'for select to service_role using (true)',
    'The server reads all.'
);

select wedsync_realtime.ensure_policy(
    'public.realtime_activity_logs', 'realtime_activity_logs_all_owner',
    'for all to wedsync_realtime_owner using (true) with check (true)',
    'The definer functions, which decide for themselves.'
);
grant select, insert on public.realtime_activity_logs to wedsync_realtime_owner;
grant update (payload) on public.realtime_activity_logs to wedsync_realtime_owner;
