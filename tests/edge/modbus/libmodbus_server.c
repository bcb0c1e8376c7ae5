/* A Modbus TCP server made of libmodbus, for interoperability tests.
 *
 * Reads lines "<coil|discrete|holding|input> <number> <value>" from standard input up to its end, listens on a free
 * port of 127.0.0.1, prints the port, and serves any number of clients until it is killed. Unit ids are not looked at.
 */
#include <arpa/inet.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#define NUMBERS 65536

static void fill(modbus_mapping_t *map)
{
    char table[16];
    unsigned number, value;
    while (scanf("%15s %u %u", table, &number, &value) == 3) {
        if (number >= NUMBERS)
            exit(2);
        if (strcmp(table, "coil") == 0)
            map->tab_bits[number] = value != 0;
        else if (strcmp(table, "discrete") == 0)
            map->tab_input_bits[number] = value != 0;
        else if (strcmp(table, "holding") == 0)
            map->tab_registers[number] = (uint16_t)value;
        else if (strcmp(table, "input") == 0)
            map->tab_input_registers[number] = (uint16_t)value;
        else
            exit(2);
    }
}

int main(void)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    fd_set open_sockets, ready;
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    modbus_mapping_t *map = modbus_mapping_new(NUMBERS, NUMBERS, NUMBERS, NUMBERS);
    if (context == NULL || map == NULL)
        return 1;
    fill(map);
    int listening = modbus_tcp_listen(context, 8);
    if (listening < 0 || getsockname(listening, (struct sockaddr *)&address, &size) < 0)
        return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    FD_ZERO(&open_sockets);
    FD_SET(listening, &open_sockets);
    int highest = listening;
    for (;;) {
        ready = open_sockets;
        if (select(highest + 1, &ready, NULL, NULL, NULL) < 0)
            return 1;
        for (int s = 0; s <= highest; s++) {
            if (!FD_ISSET(s, &ready))
                continue;
            if (s == listening) {
                int client = accept(listening, NULL, NULL);
                if (client < 0)
                    continue;
                FD_SET(client, &open_sockets);
                if (client > highest)
                    highest = client;
                continue;
            }
            modbus_set_socket(context, s);
            int length = modbus_receive(context, query);
            if (length > 0)
                modbus_reply(context, query, length, map);
            else if (length < 0) {
                close(s);
                FD_CLR(s, &open_sockets);
            }
        }
    }
}
