// Makes the roles of a definition in JSON, as a browser does, and says which requests they allow.
import { createAccessControl } from "better-auth/plugins/access";
import { createAuthClient } from "better-auth/client";
import { adminClient } from "better-auth/client/plugins";

const { shared, asked } = JSON.parse(process.argv[2]);
const ac = createAccessControl(shared.statements);
const roles = Object.fromEntries(Object.entries(shared.roles).map(([name, may]) => [name, ac.newRole(may)]));
const client = createAuthClient({ baseURL: "http://localhost", plugins: [adminClient({ ac, roles })] });
const told = asked.map(({ role, permissions }) => client.admin.checkRolePermission({ role, permissions }));
console.log(JSON.stringify(told));
