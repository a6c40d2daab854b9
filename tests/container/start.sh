# Make a cluster in /data and become its server, with the settings of the command line.
set -e
/server/initdb -D /data/cluster --username=postgres --auth=trust --encoding=UTF8 --no-locale --no-sync
echo "host all all all trust" >> /data/cluster/pg_hba.conf
exec /server/postgres -D /data/cluster "$@"
