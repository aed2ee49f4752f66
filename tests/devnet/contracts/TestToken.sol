// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// A mintable ERC-20 for the test chain. One spender (the Pool) needs no approvals, so that
/// building a world costs no approve transaction per account and token.
contract TestToken {
    string public name;
    string public symbol;
    uint8 public immutable decimals;
    uint256 public totalSupply;
    address public trustedSpender;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) private approved;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(string memory symbol_, uint8 decimals_) {
        name = symbol_;
        symbol = symbol_;
        decimals = decimals_;
    }

    function trust(address spender) external {
        trustedSpender = spender;
    }

    function mint(address to, uint256 amount) public {
        totalSupply += amount;
        balanceOf[to] += amount;
        emit Transfer(address(0), to, amount);
    }

    function mintMany(address[] calldata to, uint256 amount) external {
        for (uint256 i = 0; i < to.length; i++) mint(to[i], amount);
    }

    function allowance(address owner, address spender) public view returns (uint256) {
        return spender == trustedSpender ? type(uint256).max : approved[owner][spender];
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        approved[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (msg.sender != trustedSpender) approved[from][msg.sender] -= amount;
        return move(from, to, amount);
    }

    function move(address from, address to, uint256 amount) private returns (bool) {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        emit Transfer(from, to, amount);
        return true;
    }
}
