/** A server's address as people may see it: the password in it is not shown. */
export function withoutPassword(address: string): string {
  return address.replace(/:\/\/([^:@/]+):[^@/]*@/, '://$1:...@')
}
